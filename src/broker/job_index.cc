#include "broker/job_index.h"

#include <algorithm>
#include <charconv>

namespace ghost::broker {

JobIndex::Chunk* JobIndex::chunk_at(uint64_t chunk_no) const {
  if (chunk_no < first_chunk_ || chunk_no - first_chunk_ >= chunks_.size()) return nullptr;
  return chunks_[chunk_no - first_chunk_].get();
}

uint32_t JobIndex::entry(JobNo no) const {
  const Chunk* chunk = chunk_at(no / kChunk);
  return chunk == nullptr ? kAbsent : chunk->entries[no % kChunk];
}

uint32_t JobIndex::group_of(const JobSpec& spec) {
  const wire::Submission& s = spec.submission;
  GroupKey key(s.tenant, s.lane, s.repo.value_or(""));
  const auto [at, fresh] = group_numbers_.try_emplace(std::move(key), 0);
  if (fresh) {
    if (free_groups_.empty()) {
      at->second = static_cast<uint32_t>(groups_.size());
      groups_.emplace_back();
    } else {
      at->second = free_groups_.back();
      free_groups_.pop_back();
    }
    groups_[at->second] = {&at->first, 0};
  }
  return at->second;
}

void JobIndex::add(const JobSpec& spec, wire::JobState state) {
  const uint64_t chunk_no = spec.no / kChunk;
  if (chunks_.empty()) first_chunk_ = chunk_no;
  for (; chunk_no < first_chunk_; --first_chunk_) chunks_.emplace_front();
  while (chunk_no - first_chunk_ >= chunks_.size()) chunks_.emplace_back();
  std::unique_ptr<Chunk>& chunk = chunks_[chunk_no - first_chunk_];
  if (!chunk) chunk = std::make_unique<Chunk>();
  const uint32_t group = group_of(spec);
  ++groups_[group].jobs;
  ++chunk->live;
  chunk->entries[spec.no % kChunk] = group * 8 + static_cast<uint32_t>(state);
  chunk->accepted_min = std::min(chunk->accepted_min, spec.accepted_ms);
  chunk->accepted_max = std::max(chunk->accepted_max, spec.accepted_ms);
}

void JobIndex::set_state(JobNo no, wire::JobState state) {
  Chunk* chunk = chunk_at(no / kChunk);
  if (chunk == nullptr) return;
  uint32_t& e = chunk->entries[no % kChunk];
  if (e != kAbsent) e = (e & ~uint32_t{7}) | static_cast<uint32_t>(state);
}

void JobIndex::remove(JobNo no) {
  const uint32_t e = entry(no);
  if (e == kAbsent) return;
  Group& group = groups_[e >> 3];
  if (--group.jobs == 0) {
    group_numbers_.erase(GroupKey(*group.key));
    group.key = nullptr;
    free_groups_.push_back(e >> 3);
  }
  std::unique_ptr<Chunk>& chunk = chunks_[no / kChunk - first_chunk_];
  chunk->entries[no % kChunk] = kAbsent;
  if (--chunk->live == 0) chunk.reset();
  for (; !chunks_.empty() && !chunks_.front(); ++first_chunk_) chunks_.pop_front();
}

JobIndex::Query JobIndex::prepare(const JobFilter& filter) const {
  Query query;
  for (const wire::JobState state : filter.states) query.states |= 1 << static_cast<int>(state);
  if (filter.states.empty()) query.states = 0x7f;
  query.groups.resize(groups_.size());
  for (const auto& [key, number] : group_numbers_) {
    const auto& [tenant, lane, repo] = key;
    query.groups[number] = tenant == filter.tenant &&
                           (filter.lane.empty() || lane == filter.lane) &&
                           (filter.repo.empty() || repo == filter.repo);
  }
  query.since_ms = filter.since_ms;
  if (filter.until_ms != 0) query.until_ms = filter.until_ms;
  return query;
}

JobNo JobIndex::newest() const {
  return (first_chunk_ + chunks_.size()) * kChunk;
}

JobNo JobIndex::next(const Query& query, JobNo below, uint64_t* budget, JobNo* stopped_at) const {
  JobNo no = std::min(below, newest());
  while (no > first_chunk_ * kChunk) {
    if (*budget == 0) {
      *stopped_at = no;
      return 0;
    }
    --*budget;
    const Chunk* chunk = chunk_at((no - 1) / kChunk);
    if (chunk == nullptr || !fits(query, *chunk)) {
      no = (no - 1) / kChunk * kChunk;
      continue;
    }
    --no;
    if (fits(query, chunk->entries[no % kChunk])) return no;
  }
  return 0;
}

bool JobIndex::matches(const Query& query, JobNo no) const {
  const Chunk* chunk = chunk_at(no / kChunk);
  return chunk != nullptr && fits(query, *chunk) && fits(query, chunk->entries[no % kChunk]);
}

namespace {

// What one call may look at, in entries of the index: a probe of a label and a row cost more.
constexpr uint64_t kBudget = 2'000'000;
constexpr uint64_t kProbeCost = 200;
constexpr uint64_t kRowCost = 1'000;

// Cursors: the number of the last job that was looked at.
std::string make_cursor(JobNo no) {
  return "j" + std::to_string(no);
}

Result<JobNo> parse_cursor(const std::string& cursor) {
  if (cursor.empty()) return JobNo{UINT64_MAX};
  JobNo no = 0;
  const char* end = cursor.data() + cursor.size();
  const auto [at, error] = std::from_chars(cursor.data() + 1, end, no);
  if (cursor[0] != 'j' || cursor.size() == 1 || at != end || error != std::errc{}) {
    return Error{"bad_field", "cursor: expected one that a list has given", "cursor"};
  }
  return no;
}

bool has_labels(const JobSpec& spec, const std::map<std::string, std::string>& labels) {
  return std::all_of(labels.begin(), labels.end(), [&](const auto& wanted) {
    const auto found = spec.submission.labels.find(wanted.first);
    return found != spec.submission.labels.end() && found->second == wanted.second;
  });
}

void spend(uint64_t cost, uint64_t* budget) {
  *budget -= std::min(cost, *budget);
}

// The newest job below `below` that has every label of the filter: each label's jobs are sought
// from where the last label stood, until all stand on one job.
Result<JobNo> next_labelled(const JobIndex& index, const JobIndex::Query& query,
                            const JobFilter& filter, const ListSource& source, JobNo below,
                            uint64_t* budget, JobNo* stopped_at) {
  for (;;) {
    JobNo candidate = below;
    bool first = true;
    bool agreed = true;
    for (const auto& [key, value] : filter.labels) {
      spend(kProbeCost, budget);
      const Result<JobNo> found = source.label_below(key, value, first ? below : candidate + 1);
      if (!found) return found.error();
      if (*found == 0) return JobNo{0};
      if (!first && *found != candidate) agreed = false;
      candidate = *found;
      first = false;
    }
    if (agreed && index.matches(query, candidate)) return candidate;
    below = agreed ? candidate : candidate + 1;
    if (*budget == 0) {
      *stopped_at = below;
      return JobNo{0};
    }
  }
}

}  // namespace

Result<JobPage> list_jobs(const JobIndex& index, const JobFilter& filter,
                          const ListSource& source) {
  const Result<JobNo> from = parse_cursor(filter.cursor);
  if (!from) return from.error();
  const JobIndex::Query query = index.prepare(filter);
  JobPage page;
  uint64_t budget = kBudget;
  JobNo below = std::min(*from, index.newest());
  while (page.items.size() < filter.limit) {
    JobNo stopped_at = 0;
    const Result<JobNo> found =
        filter.labels.empty()
            ? index.next(query, below, &budget, &stopped_at)
            : next_labelled(index, query, filter, source, below, &budget, &stopped_at);
    if (!found) return found.error();
    if (*found == 0) {
      if (stopped_at != 0) page.next_cursor = make_cursor(stopped_at);
      return page;
    }
    below = *found;
    Result<StoredJob> job = source.job(below);
    if (!job) return job.error();
    spend(kRowCost, &budget);
    if (job->spec.accepted_ms >= query.since_ms && job->spec.accepted_ms < query.until_ms &&
        has_labels(job->spec, filter.labels)) {
      page.items.push_back(std::move(*job));
    }
    if (budget == 0) break;
  }
  // A full page that ends with the very last job is the last one.
  uint64_t look = kBudget;
  JobNo stopped_at = 0;
  if (filter.labels.empty() && index.next(query, below, &look, &stopped_at) == 0 &&
      stopped_at == 0) {
    return page;
  }
  page.next_cursor = make_cursor(below);
  return page;
}

}  // namespace ghost::broker
