#include "sim/clients.h"

#include <algorithm>

#include "base/bytes.h"
#include "wire/errors.gen.h"

namespace ghost::sim {
namespace {

constexpr WallMs kWallBegin = 1'800'000'000'000;
constexpr const char* kLanes[] = {"default", "fast", "slow"};

bool is(const wire::Message& message, std::string_view kind) {
  return message.header.kind == kind;
}

std::string tenant_of(int client) {
  return client % 3 == 0 ? "default" : "t" + std::to_string(client % 3);
}

std::string code_of(const wire::Message& failure) {
  const auto body = wire::decode<wire::Failure>(*failure.body);
  return body ? body->error.code : "internal";
}

}  // namespace

Clients::Clients(const Plan& plan, Schedule& schedule, Recorder& recorder,
                 std::vector<std::unique_ptr<RelayNode>>& relays, std::vector<std::string> runners)
    : plan_(plan),
      schedule_(schedule),
      recorder_(recorder),
      relays_(relays),
      runners_(std::move(runners)),
      random_(plan.seed, "clients") {}

// The clients' clocks are right.
WallMs Clients::wall() const {
  return kWallBegin + schedule_.now() / kMs;
}

RelayNode& Clients::some_relay() {
  return *relays_[static_cast<size_t>(
      random_.between(0, static_cast<int64_t>(relays_.size()) - 1))];
}

void Clients::start() {
  for (int client = 0; client < plan_.clients; ++client) {
    schedule_.after(random_.between(100, 2000) * kMs, [this, client] { client_turn(client); });
  }
  if (random_.chance(40)) schedule_.after(5 * kSecond, [this] { operator_turn(); });
}

void Clients::heal() {
  healed_ = true;
  ++operating_;
  take_back(schedule_.now() + 20 * kSecond);
}

// Once what was asked for before is answered, and no repeat of it is under way any more.
void Clients::take_back(Us at) {
  schedule_.at(at, [this] {
    if (operating_ > 1) return take_back(schedule_.now() + kSecond);
    --operating_;
    for (const std::string& lane : std::exchange(paused_, {})) {
      operate(wire::PatchLane{lane, std::nullopt, 0, false, "op"});
    }
    for (const std::string& runner : std::exchange(drained_, {})) {
      operate(wire::DrainRunner{runner, false, "op"});
    }
    for (const std::string& runner : std::exchange(slotted_, {})) {
      operate(wire::SetSlots{runner, 0, "op"});
    }
  });
}

void Clients::client_turn(int client) {
  if (healed_) return;
  const int64_t what = random_.between(0, 99);
  const std::vector<Known>& mine = jobs_[client];
  const auto any = [&]() -> const Known& {
    const auto count = static_cast<int64_t>(mine.size());
    return mine[static_cast<size_t>(random_.between(std::max<int64_t>(0, count - 12), count - 1))];
  };
  if (submitted_ < plan_.jobs_max && (what < 55 || mine.empty())) {
    const int64_t burst = random_.one_in(10) ? random_.between(4, 12) : 1;
    for (int64_t i = 0; i < burst; ++i) submit_new(client);
  } else if (mine.empty()) {
    // Nothing to ask about.
  } else if (what < 80) {
    read(any().job, random_.chance(50) ? random_.between(100, 20'000) : 0);
  } else if (what < 90) {
    cancel(any().job);
  } else if (what < 94) {
    retry(any(), client);
  } else if (what < 97) {
    submit_wrong(client);
  } else if (last_[client]) {
    submit(last_[client], client);  // what was said already
    ++submitting_;
  }
  schedule_.after(random_.between(100, 2500) * kMs, [this, client] { client_turn(client); });
}

std::shared_ptr<Clients::Request> Clients::make_request(int client) {
  auto request = std::make_shared<Request>();
  const std::string number = std::to_string(++names_);
  request->name = "q" + number + (random_.chance(25) ? "d" : "n");
  wire::Submission& s = request->submission;
  s.tenant = tenant_of(client);
  const int64_t naming = random_.between(0, 99);
  if (naming < 60) s.idempotency_key = "k" + number;
  request->own_id = naming >= 60 && naming < 80;
  if (request->own_id) s.id = "own-" + number;
  s.request_hash = sha256(request->name);
  s.lane = kLanes[random_.between(0, 2)];
  s.priority = static_cast<uint64_t>(random_.between(0, 9));
  s.max_attempts = static_cast<uint64_t>(random_.between(1, 4));
  if (random_.chance(15)) s.requires_["os"] = "linux";
  if (random_.chance(8)) s.requires_["gpu"] = "a";
  if (random_.chance(6)) s.not_before_ms = wall() + random_.between(-2, 10) * 1000;
  if (random_.chance(8)) s.deadline_ms = wall() + random_.between(1, 40) * 1000;
  const std::vector<Known>& mine = jobs_[client];
  s.repo = "r";
  if (!mine.empty() && random_.chance(12)) s.depends_on.push_back(mine.back().job);
  if (!mine.empty() && random_.chance(8)) {
    s.repo.reset();
    s.base_job =
        mine[static_cast<size_t>(random_.between(0, static_cast<int64_t>(mine.size()) - 1))].job;
  }
  return request;
}

void Clients::submit_new(int client) {
  ++submitted_;
  ++submitting_;
  last_[client] = make_request(client);
  submit(last_[client], client);
}

// Another request under a key that was used.
void Clients::submit_wrong(int client) {
  const std::shared_ptr<Request>& last = last_[client];
  if (!last || !last->submission.idempotency_key) return;
  auto wrong = make_request(client);
  wrong->own_id = false;
  wrong->submission.id.clear();
  wrong->submission.idempotency_key = last->submission.idempotency_key;
  wrong->tries = 1000;  // once is enough
  ++submitting_;
  submit(wrong, client);
}

void Clients::submit(std::shared_ptr<Request> request, int client) {
  ++request->tries;
  const wire::Submission& s = request->submission;
  Event e = Recorder::make(Kind::kSubmit, request->own_id ? s.id : "");
  const uint64_t op = e.op = recorder_.next_op();
  e.tenant = s.tenant;
  e.key = s.idempotency_key.value_or("");
  e.req = request->name;
  e.needs = s.depends_on;
  if (s.base_job) e.needs.push_back(*s.base_job);
  e.labels = s.requires_;
  e.lane = s.lane;
  e.max = s.max_attempts;
  e.not_before = s.not_before_ms;
  e.deadline = s.deadline_ms;
  recorder_.add(std::move(e));

  wire::Submit message;
  message.items = {s};
  // As a relay does: an id of its own, so that its own repeats are one job.
  if (!request->own_id) message.items[0].id = "m-" + std::to_string(op);
  message.notify = random_.chance(30);
  std::function<void(const wire::Message&)> news;
  if (message.notify) {
    news = [this, op](const wire::Message& finished) {
      const auto body = wire::decode<wire::Finished>(*finished.body);
      for (const auto& item : body->items) {
        Event shown = Recorder::make(Kind::kShown, item.id);
        shown.op = op;
        shown.status = "ok";
        shown.state = std::string(to_string(item.state));
        recorder_.add(std::move(shown));
      }
    };
  }
  some_relay().ask(
      message, {make_blob(request->name)}, 0, true,
      [this, request, client, op](const Result<wire::Message>& answer) {
        submit_answered(request, client, op, answer);
      },
      std::move(news));
}

void Clients::again(std::shared_ptr<Request> request, int client) {
  const bool safe = request->own_id || request->submission.idempotency_key.has_value();
  if (request->tries >= (healed_ ? 30 : 8) || !safe) {
    --submitting_;
    return;
  }
  schedule_.after(random_.between(200, 3000) * kMs,
                  [this, request, client] { submit(request, client); });
}

void Clients::submit_answered(std::shared_ptr<Request> request, int client, uint64_t op,
                              const Result<wire::Message>& answer) {
  Event e = Recorder::make(Kind::kSubmitted);
  e.op = op;
  e.status = "unknown";
  bool final = false;
  if (answer && is(*answer, wire::Submitted::kKind)) {
    const wire::SubmitAck ack = wire::decode<wire::Submitted>(*answer->body)->items.at(0);
    e.status = std::string(to_string(ack.status));
    e.job = ack.id;
    if (ack.state) e.state = std::string(to_string(*ack.state));
    if (ack.error) e.code = ack.error->code;
    const bool refused = ack.status == wire::SubmitStatus::kRefused;
    final = !refused || !wire::error_info(e.code).retry;
    if (refused) {
      e.job.clear();
    } else if (tenant_of_.emplace(ack.id, request->submission.tenant).second) {
      jobs_[client].push_back({ack.id, request->name});
    }
  } else if (answer && is(*answer, wire::Failure::kKind)) {
    e.code = code_of(*answer);
    if (e.code == "storage_full") e.status = "refused";
  } else if (!answer) {
    e.code = answer.error().code;
  }
  recorder_.add(std::move(e));
  if (final) {
    --submitting_;
  } else {
    again(std::move(request), client);
  }
}

void Clients::shown(Kind kind, uint64_t op, const std::string& job,
                    const Result<wire::Message>& answer) {
  Event e = Recorder::make(kind, job);
  e.op = op;
  e.status = "unknown";
  if (answer && is(*answer, wire::Job::kKind)) {
    const auto body = wire::decode<wire::Job>(*answer->body);
    e.status = "ok";
    e.state = std::string(to_string(body->job.state));
    e.version = body->job.version;
    e.attempt = body->job.attempt;
    if (body->job.outcome) e.outcome = std::string(to_string(*body->job.outcome));
    if (!answer->payloads.empty()) e.digest = *answer->payloads[0];
  } else if (answer) {
    e.code = code_of(*answer);
    e.status = e.code == "not_found" ? "not_found" : e.code == "conflict" ? "refused" : "unknown";
  }
  recorder_.add(std::move(e));
}

void Clients::read(const std::string& job, int64_t wait_ms) {
  Event e = Recorder::make(Kind::kRead, job);
  const uint64_t op = e.op = recorder_.next_op();
  recorder_.add(std::move(e));
  wire::GetJob message;
  message.id = job;
  message.tenant = tenant_of_[job];
  message.wait_ms = static_cast<uint64_t>(wait_ms);
  some_relay().ask(message, {}, wait_ms, false,
                   [this, op, job](const Result<wire::Message>& answer) {
                     shown(Kind::kShown, op, job, answer);
                   });
}

void Clients::cancel(const std::string& job) {
  Event e = Recorder::make(Kind::kCancel, job);
  const uint64_t op = e.op = recorder_.next_op();
  recorder_.add(std::move(e));
  wire::CancelJob message;
  message.id = job;
  message.tenant = tenant_of_[job];
  some_relay().ask(message, {}, 0, true, [this, op, job](const Result<wire::Message>& answer) {
    shown(Kind::kCancelled, op, job, answer);
  });
}

void Clients::retry(const Known& of, int client) {
  ++submitting_;
  send_retry(of, client, "again-" + std::to_string(++names_), 0);
}

// The same new id until it is answered.
void Clients::send_retry(const Known& of, int client, std::string new_id, int tries) {
  Event e = Recorder::make(Kind::kSubmit, new_id);
  const uint64_t op = e.op = recorder_.next_op();
  e.tenant = tenant_of(client);
  e.req = of.name;
  e.retry_of = of.job;
  recorder_.add(std::move(e));
  wire::RetryJob message{};
  message.tenant = tenant_of(client);
  message.id = of.job;
  message.new_id = new_id;
  message.actor = "c";
  some_relay().ask(message, {}, 0, true, [=, this](const Result<wire::Message>& answer) {
    Event heard = Recorder::make(Kind::kSubmitted);
    heard.op = op;
    heard.status = "unknown";
    if (answer && is(*answer, wire::Job::kKind)) {
      heard.status = "accepted";
      heard.job = new_id;
      if (tenant_of_.emplace(new_id, message.tenant).second) {
        jobs_[client].push_back({new_id, of.name});
      }
    } else if (answer) {
      heard.code = code_of(*answer);
      if (!wire::error_info(heard.code).retry) heard.status = "refused";
    }
    const bool unknown = heard.status == "unknown";
    recorder_.add(std::move(heard));
    if (!unknown || tries >= 20) {
      --submitting_;
      return;
    }
    schedule_.after(kSecond, [=, this] { send_retry(of, client, new_id, tries + 1); });
  });
}

// ------------------------------------------------------------------------------------ operator

template <typename T>
void Clients::operate(const T& message) {
  ++operating_;
  some_relay().ask(message, {}, 0, true, [this, message](const Result<wire::Message>& answer) {
    --operating_;
    const bool heard =
        answer && (!is(*answer, wire::Failure::kKind) || !wire::error_info(code_of(*answer)).retry);
    // What was asked for last has to hold in the end.
    if (!heard && healed_ && paused_.empty() && drained_.empty() && slotted_.empty()) {
      ++operating_;
      schedule_.after(kSecond, [this, message] {
        --operating_;
        operate(message);
      });
    }
  });
}

void Clients::operator_turn() {
  if (healed_) return;
  const std::string lane = kLanes[random_.between(0, 2)];
  const std::string runner =
      runners_[static_cast<size_t>(random_.between(0, static_cast<int64_t>(runners_.size()) - 1))];
  switch (random_.between(0, 5)) {
    case 0:
      paused_.insert(lane);
      operate(wire::PatchLane{lane, std::nullopt, std::nullopt, true, "op"});
      break;
    case 1:
      paused_.insert(lane);
      operate(wire::PatchLane{lane, static_cast<uint64_t>(random_.between(1, 5)),
                              static_cast<uint64_t>(random_.between(0, 3)), false, "op"});
      break;
    case 2:
    case 3:
      drained_.insert(runner);
      operate(wire::DrainRunner{runner, random_.chance(50), "op"});
      break;
    default:
      slotted_.insert(runner);
      operate(wire::SetSlots{runner, static_cast<uint64_t>(random_.between(0, 4)), "op"});
  }
  schedule_.after(random_.between(1, 12) * kSecond, [this] { operator_turn(); });
}

}  // namespace ghost::sim
