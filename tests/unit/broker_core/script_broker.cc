#include "script_broker.h"

#include <algorithm>
#include <sstream>

#include "base/bytes.h"
#include "script_text.h"

namespace ghost::broker::test {
namespace {

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::stringstream in(text);
  for (std::string part; std::getline(in, part, at);) {
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

std::string get(const std::map<std::string, std::string>& args, const std::string& key,
                const std::string& otherwise = "") {
  const auto found = args.find(key);
  return found == args.end() ? otherwise : found->second;
}
int64_t get_number(const std::map<std::string, std::string>& args, const std::string& key,
                   int64_t otherwise) {
  const auto found = args.find(key);
  return found == args.end() ? otherwise : std::stoll(found->second);
}

std::map<std::string, std::string> labels_of(const std::string& list) {
  std::map<std::string, std::string> labels;
  for (const std::string& one : split(list, ',')) {
    const size_t colon = one.find(':');
    labels[one.substr(0, colon)] = colon == std::string::npos ? "" : one.substr(colon + 1);
  }
  return labels;
}

}  // namespace

std::string ScriptBroker::name(JobNo no) const {
  const auto job = disk_.jobs.find(no);
  if (job != disk_.jobs.end()) return job->second.spec.submission.id;
  for (const Persist& change : actions_.persist) {
    const auto* insert = std::get_if<persist::InsertJob>(&change);
    if (insert && insert->spec->no == no) return insert->spec->submission.id;
  }
  return "#" + std::to_string(no);
}

JobNo ScriptBroker::number(const std::string& id) const {
  for (const auto& [no, job] : disk_.jobs) {
    if (job.spec.submission.id == id) return no;
  }
  return id[0] == '#' ? std::stoull(id.substr(1)) : 0;
}

std::string ScriptBroker::lease(const wire::LeaseRef& ref) const {
  return name(ref.job) + "@" + text(Token{ref.epoch, ref.n});
}

// JOB@EPOCH.N, or JOB for the last fencing token that was written for it.
wire::LeaseRef ScriptBroker::lease_of(const std::string& text_) const {
  const size_t at = text_.find('@');
  const JobNo no = number(text_.substr(0, at));
  if (at == std::string::npos) {
    const auto job = disk_.jobs.find(no);
    const Token token = job == disk_.jobs.end() ? Token{} : job->second.status.token;
    return {no, token.epoch, token.n};
  }
  const std::string token = text_.substr(at + 1);
  return {no, std::stoull(token), std::stoull(token.substr(token.find('.') + 1))};
}

std::vector<wire::LeaseRef> ScriptBroker::leases_of(const std::string& list) const {
  std::vector<wire::LeaseRef> leases;
  for (const std::string& one : split(list, ',')) leases.push_back(lease_of(one));
  return leases;
}

std::string ScriptBroker::run(const std::string& command) {
  output_.clear();
  drained_ = true;
  std::string line = command;
  const bool open = line.ends_with("&");
  if (open) line.pop_back();
  Words words;
  Args args;
  for (const std::string& word : split(line, ' ')) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos || word.find('@') < equals) {
      words.push_back(word);
    } else {
      args[word.substr(0, equals)] = word.substr(equals + 1);
    }
  }
  if (words[0] != "options" && !core_) start();
  if (words[0] == "view") {
    view(words);
    return output_;
  }
  if (!client(words, args) && !runner(words, args) && !world(words, args)) {
    say("unknown command");
  }
  if (!open && core_) finish_turn(drained_);
  return output_;
}

void ScriptBroker::start() {
  options_.epoch = ++disk_.epoch;
  options_.hash_key = "0123456789abcdef";
  options_.next_job_no = disk_.next_no;
  core_ = std::make_unique<Core>(options_);
  for (const auto& [key, repo] : disk_.repos) core_->recover(repo);
  for (const auto& [key, lane] : disk_.lanes) core_->recover(lane);
  for (const auto& [key, settings] : disk_.runners) core_->recover(settings);
  for (const auto& [no, job] : disk_.jobs) core_->recover(RecoveredJob{job.spec, job.status}, now_);
}

void ScriptBroker::step(const Event& event) {
  core_->step(now_, event, &actions_);
}

void ScriptBroker::finish_turn(bool drained) {
  step(event::Tick{drained});
  for (const Persist& change : actions_.persist) show(change);
  for (const Persist& change : actions_.persist) commit(change);
  const Actions done = std::move(actions_);
  actions_.clear();
  for (const Send& sent : done.send) show(sent);
}

void ScriptBroker::commit(const Persist& change) {
  std::visit([this](const auto& p) { keep(p); }, change);
}

void ScriptBroker::keep(const persist::InsertJob& p) {
  disk_.jobs[p.spec->no] = {*p.spec, p.status, {}, 0};
  disk_.next_no = p.spec->no + 1;
}
void ScriptBroker::keep(const persist::UpdateJob& p) {
  disk_.jobs.at(p.no).status = p.status;
}
void ScriptBroker::keep(const persist::AppendEvents& p) {
  auto& events = disk_.jobs.at(p.no).events;
  events.insert(events.end(), p.events.begin(), p.events.end());
}
void ScriptBroker::keep(const persist::PutResult& p) {
  if (++disk_.jobs.at(p.no).results > 1) say("!! second result of " + name(p.no));
}
void ScriptBroker::keep(const persist::PutArtifactChunk&) {}
void ScriptBroker::keep(const persist::ForgetJobs& p) {
  for (const JobNo no : p.nos) disk_.jobs.erase(no);
}
void ScriptBroker::keep(const persist::PutRepo& p) {
  disk_.repos[p.repo.name] = p.repo;
}
void ScriptBroker::keep(const persist::DeleteRepo& p) {
  disk_.repos.erase(p.name);
}
void ScriptBroker::keep(const persist::PutLane& p) {
  disk_.lanes[p.lane.name] = p.lane;
}
void ScriptBroker::keep(const persist::PutRunner& p) {
  disk_.runners[p.settings.instance] = p.settings;
}
void ScriptBroker::keep(const persist::DeleteRunner& p) {
  disk_.runners.erase(p.instance);
}
void ScriptBroker::keep(const persist::Audit&) {}

// ------------------------------------------------------------------------------------- commands

void ScriptBroker::from_client(ClientRequest request, std::vector<Blob> payloads) {
  step(event::FromClient{
      {Side::kClients, "client"}, ++correlation_, std::move(request), std::move(payloads)});
}

void ScriptBroker::from_runner(const std::string& runner, RunnerRequest request,
                               std::vector<Blob> payloads) {
  const std::string route = routes_.contains(runner) ? routes_[runner] : runner;
  step(event::FromRunner{
      {Side::kRunners, route}, ++correlation_, std::move(request), std::move(payloads)});
}

wire::Submission ScriptBroker::submission(const std::string& id, const Args& args) const {
  wire::Submission s;
  s.id = id;
  s.tenant = get(args, "tenant", "default");
  if (args.contains("key")) s.idempotency_key = get(args, "key");
  s.request_hash = sha256(get(args, "hash", id));
  s.lane = get(args, "lane", "default");
  s.priority = static_cast<uint64_t>(get_number(args, "priority", 4));
  if (args.contains("base")) {
    s.base_job = get(args, "base");
  } else {
    s.repo = get(args, "repo", "repo");
  }
  s.requires_ = labels_of(get(args, "requires"));
  s.depends_on = split(get(args, "deps"), ',');
  s.max_attempts = static_cast<uint64_t>(get_number(args, "attempts", 3));
  if (args.contains("not_before")) {
    s.not_before_ms = now_.wall + get_number(args, "not_before", 0);
  }
  if (args.contains("deadline")) s.deadline_ms = now_.wall + get_number(args, "deadline", 0);
  return s;
}

bool ScriptBroker::client(const Words& words, const Args& args) {
  const std::string& what = words[0];
  const std::string actor = get(args, "by", "ann");
  const auto word = [&](size_t i) { return i < words.size() ? words[i] : std::string(); };
  if (what == "submit") {
    wire::Submit m;
    std::vector<Blob> payloads;
    for (size_t i = 1; i < words.size(); ++i) {
      m.items.push_back(submission(words[i], args));
      payloads.push_back(
          make_blob(std::string(static_cast<size_t>(get_number(args, "bytes", 8)), 'p')));
    }
    if (args.contains("payloads")) payloads.resize(get_number(args, "payloads", 0));
    from_client(std::move(m), std::move(payloads));
  } else if (what == "cancel") {
    from_client(wire::CancelJob{get(args, "tenant", "default"), word(1), actor});
  } else if (what == "retry") {
    event::Retry e;
    e.peer = {Side::kClients, "client"};
    e.request = {get(args, "tenant", "default"), word(1), word(2), actor};
    const auto job = disk_.jobs.find(number(word(1)));
    if (job != disk_.jobs.end()) e.of = job->second.spec;
    step(e);
  } else if (what == "repo") {
    wire::Repo repo;
    repo.name = word(1);
    repo.url = "file:///" + word(1);
    from_client(wire::PutRepo{repo, actor});
  } else if (what == "unrepo") {
    from_client(wire::DeleteRepo{word(1), actor});
  } else if (what == "lane") {
    wire::PatchLane m;
    m.name = word(1);
    if (args.contains("weight")) m.weight = get_number(args, "weight", 1);
    if (args.contains("limit")) m.limit = get_number(args, "limit", 0);
    if (args.contains("paused")) m.paused = get(args, "paused") == "yes";
    m.actor = actor;
    from_client(m);
  } else if (what == "drain" || what == "undrain") {
    from_client(wire::DrainRunner{word(1), what == "drain", actor});
  } else if (what == "slots") {
    from_client(wire::SetSlots{word(1), std::stoull(word(2)), actor});
  } else if (what == "instance") {
    wire::Instance instance;
    instance.service = word(1);
    instance.instance = word(2);
    instance.ttl_ms = static_cast<uint64_t>(get_number(args, "ttl", 15000));
    if (args.contains("state")) {
      instance.state = wire::parse_instance_state(get(args, "state")).value();
    }
    from_client(wire::PutInstance{instance});
  } else if (what == "uninstance") {
    from_client(wire::DeleteInstance{word(1), word(2)});
  } else if (what == "next") {
    from_client(wire::NextInstance{word(1)});
  } else {
    return false;
  }
  return true;
}

bool ScriptBroker::runner(const Words& words, const Args& args) {
  const std::string& what = words[0];
  const auto word = [&](size_t i) { return i < words.size() ? words[i] : std::string(); };
  const std::string who = word(1);
  const uint64_t session =
      static_cast<uint64_t>(get_number(args, "session", static_cast<int64_t>(sessions_[who])));
  const auto slots = static_cast<uint64_t>(get_number(args, "slots", 1));
  if (args.contains("route")) routes_[who] = get(args, "route");
  if (what == "register") {
    wire::Register m;
    m.instance = get(args, "as", who);
    m.secret = get(args, "secret", "secret of " + m.instance + "         ");
    m.session = session == 0 ? 1 : session;
    m.host = "host";
    m.slots = slots;
    m.labels = labels_of(get(args, "labels"));
    m.held = leases_of(get(args, "held"));
    m.last_job_seq = static_cast<uint64_t>(get_number(args, "seq", 0));
    m.draining = args.contains("draining");
    sessions_[who] = m.session;
    from_runner(who, m);
  } else if (what == "heartbeat") {
    from_runner(who, wire::Heartbeat{session, now_.mono, slots, leases_of(get(args, "held")),
                                     static_cast<uint64_t>(get_number(args, "seq", 0)),
                                     args.contains("draining")});
  } else if (what == "result") {
    wire::PutResults m;
    m.session = session;
    std::vector<Blob> payloads;
    wire::ResultItem item;
    item.lease = lease_of(word(2));
    item.outcome = wire::parse_outcome(word(3)).value();
    item.reason = get(args, "reason");
    item.tree_oid = get(args, "tree");
    m.items.push_back(item);
    payloads = {make_blob("verdict"), make_blob(get(args, "diff"))};
    if (args.contains("payloads")) payloads.resize(get_number(args, "payloads", 2));
    from_runner(who, m, payloads);
  } else if (what == "base") {
    from_runner(who, wire::BaseResolved{session, lease_of(word(2)), word(3)});
  } else if (what == "events") {
    wire::PutEvents m;
    m.session = session;
    m.lease = lease_of(word(2));
    const auto job = disk_.jobs.find(m.lease.job);
    const uint64_t attempt = job == disk_.jobs.end() ? 1 : job->second.status.dispatches;
    for (size_t i = 3; i < words.size(); ++i) {  // STREAM@OFFSET=TEXT, cut@OFFSET=N
      const size_t at = words[i].find('@'), equals = words[i].find('=');
      wire::Event event;
      const std::string stream = words[i].substr(0, at);
      const std::string value = equals == std::string::npos ? "" : words[i].substr(equals + 1);
      event.stream = wire::parse_stream(stream).value_or(wire::Stream::kStdout);
      event.offset = std::stoull(words[i].substr(at + 1));
      event.attempt = static_cast<uint64_t>(get_number(args, "attempt", attempt));
      event.type = stream == "cut" ? "cut" : stream == "progress" ? "hunk" : "log";
      if (stream == "cut") {
        event.skipped = std::stoull(value);
      } else if (stream != "progress") {
        event.data = value;
      }
      m.items.push_back(std::move(event));
    }
    from_runner(who, m);
  } else if (what == "artifact") {
    from_runner(who,
                wire::PutArtifact{session, lease_of(word(2)), word(3),
                                  static_cast<uint64_t>(get_number(args, "offset", 0)),
                                  args.contains("last"), ""},
                {make_blob(std::string(get_number(args, "bytes", 4), 'a'))});
  } else if (what == "ask") {
    from_runner(who, wire::AskDelivery{session, lease_of(word(2)), word(3)});
  } else if (what == "release") {
    from_runner(who, wire::Release{session, leases_of(word(2)),
                                   wire::parse_release_reason(word(3)).value()});
  } else if (what == "goodbye") {
    from_runner(who, wire::Goodbye{session});
  } else {
    return false;
  }
  return true;
}

bool ScriptBroker::world(const Words& words, const Args& args) {
  const std::string& what = words[0];
  const auto number_at = [&](size_t i) { return i < words.size() ? std::stoll(words[i]) : 0; };
  if (what == "options") {
    options_.lease_ms = get_number(args, "lease", options_.lease_ms);
    options_.queued_jobs_max = get_number(args, "queued_max", 2'000'000);
    options_.payload_bytes_max = get_number(args, "payload_max", 32 << 20);
    options_.retention_ms = get_number(args, "retention", options_.retention_ms);
    options_.retained_jobs_max = get_number(args, "retained_max", 1'000'000);
  } else if (what == "tick") {
    now_.mono += number_at(1);
    now_.wall += number_at(1);
    drained_ = words.size() < 3 || words[2] != "busy";
  } else if (what == "wall") {
    now_.wall += number_at(1);
  } else if (what == "stalled") {
    now_.mono += number_at(1);
    now_.wall += number_at(1);
    step(event::Stalled{number_at(1)});
  } else if (what == "unsent") {
    step(event::Unsent{{Side::kRunners, words[1]}, leases_of(words[2])});
  } else if (what == "undispatchable") {
    const wire::LeaseRef ref = lease_of(words[1]);
    step(event::Undispatchable{ref.job, {ref.epoch, ref.n}, words[2]});
  } else if (what == "restart") {
    start();
  } else if (what == "crash") {
    actions_.clear();
    start();
  } else {
    return false;
  }
  return true;
}

void ScriptBroker::view(const Words& words) {
  if (words[1] == "waiting") {
    const auto waiting = core_->waiting(number(words[2]), now_);
    say(waiting
            ? waiting->reason + ": " + waiting->detail +
                  (waiting->until ? " until +" + std::to_string(*waiting->until - now_.wall) : "") +
                  (waiting->job ? " job=" + *waiting->job : "")
            : "does not wait");
  } else if (words[1] == "runners") {
    for (const auto& r : core_->runners(now_)) {
      std::string line = r.id + " " + text(r.state) + " " + std::to_string(r.busy) + "/" +
                         std::to_string(r.slots) + " dispatched=" + std::to_string(r.dispatched);
      for (const JobNo no : core_->jobs_of(r.id)) line += " " + name(no);
      say(line);
    }
  } else if (words[1] == "lanes") {
    for (const auto& lane : core_->lanes()) say(show(Reply(wire::Lanes{{lane}})));
  } else if (words[1] == "repos") {
    for (const auto& repo : core_->repos()) say(repo.name);
  } else if (words[1] == "instances") {
    wire::ListInstances m;
    if (words.size() > 2) m.service = words[2];
    const auto all = core_->instances(m, now_);
    for (const auto& i : all.items) say(i.service + "/" + i.instance + " " + text(i.state));
  } else if (words[1] == "metrics") {
    for (const auto& m : core_->metrics(now_)) {
      if (words.size() > 2 && m.name.find(words[2]) == std::string::npos) continue;
      std::string line = m.name;
      for (const auto& [key, value] : m.labels) line += " " + key + "=" + value;
      say(line + " " + std::to_string(static_cast<int64_t>(m.value)));
    }
  } else if (words[1] == "deadline") {
    const auto next = core_->next_deadline(now_);
    say(next ? "in " + std::to_string(*next - now_.mono) : "none");
  }
}

}  // namespace ghost::broker::test
