#include "session_script.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>

#include "runner_worker/session_core.h"

namespace ghost::runner {
namespace {

// ---------------------------------------------------------------------------------------- output

std::string text(const LeaseRef& l) {
  return std::to_string(l.job) + "/" + std::to_string(l.epoch) + "." + std::to_string(l.n);
}

std::string text(const std::vector<LeaseRef>& leases) {
  std::string out = "[";
  for (const LeaseRef& l : leases) out += (out.size() > 1 ? " " : "") + text(l);
  return out + "]";
}

std::string text(const wire::Event& e) {
  std::ostringstream out;
  out << to_string(e.stream) << "@" << e.offset << ":" << e.type;
  if (e.gate) out << "(" << *e.gate << ")";
  if (e.data && e.data->size() <= 16) out << "=" << *e.data;
  if (e.data && e.data->size() > 16) out << "=" << e.data->size() << "B";
  if (e.skipped > 0) out << " skipped " << e.skipped;
  return out.str();
}

std::string text(const std::vector<wire::Event>& events) {
  std::string out = "[";
  for (const wire::Event& e : events) out += (out.size() > 1 ? ", " : "") + text(e);
  return out + "]";
}

std::string text(const Error& e) {
  return "error " + e.code;
}

const char* text(StopReason r) {
  switch (r) {
    case StopReason::kNone:
      return "none";
    case StopReason::kCancelled:
      return "cancelled";
    case StopReason::kExpired:
      return "expired";
    case StopReason::kLeaseLost:
      return "lease-lost";
  }
  return "?";
}

struct Printer {
  std::ostringstream& out;

  void message(const wire::Register& m) {
    out << "Register " << m.instance << " session=" << m.session << " slots=" << m.slots
        << " held=" << text(m.held) << " seq=" << m.last_job_seq << (m.draining ? " draining" : "");
  }
  void message(const wire::Heartbeat& m) {
    out << "Heartbeat sent=" << m.sent_ms << " held=" << text(m.held) << " seq=" << m.last_job_seq
        << (m.draining ? " draining" : "");
  }
  void message(const wire::BaseResolved& m) {
    out << "BaseResolved " << text(m.lease) << " commit=" << m.commit;
  }
  void message(const wire::PutEvents& m) {
    out << "PutEvents " << text(m.lease) << " " << text(m.items);
  }
  void message(const wire::PutArtifact& m) {
    out << "PutArtifact " << text(m.lease) << " " << m.path << "@" << m.offset
        << (m.last ? " last" : "");
  }
  void message(const wire::AskDelivery& m) {
    out << "AskDelivery " << text(m.lease) << " commit=" << m.commit_oid;
  }
  void message(const wire::PutResults& m) {
    out << "PutResults";
    for (const auto& i : m.items) out << " " << text(i.lease) << "=" << to_string(i.outcome);
  }
  void message(const wire::Release& m) {
    out << "Release " << text(m.leases) << " " << to_string(m.reason);
  }
  void message(const wire::Goodbye&) { out << "Goodbye"; }

  void operator()(const Send& a) {
    out << "send #" << a.correlation << " ";
    std::visit([this](const auto& m) { message(m); }, a.body);
    for (const Blob& p : a.payloads) out << " +" << p->size() << "B";
  }
  void operator()(const Reconnect&) { out << "reconnect"; }
  void operator()(const StartJob& a) {
    out << "start " << text(a.input.dispatch.lease) << " until " << a.lease_until;
    out << " request=" << *a.input.request;
    for (const Blob& d : a.input.ancestor_diffs) out << " diff=" << *d;
  }
  void operator()(const StopJob& a) { out << "stop " << text(a.lease) << " " << text(a.reason); }
  void operator()(const LeaseExtended& a) {
    out << "extended " << text(a.lease) << " until " << a.until;
  }
  void operator()(const OutputKept& a) { out << "kept " << text(a.lease) << " " << a.cost; }
  void operator()(const AnswerBase& a) {
    out << "answer-base " << text(a.lease) << " "
        << (a.commit ? *a.commit : text(a.commit.error()));
  }
  void operator()(const AnswerDelivery& a) {
    out << "answer-delivery " << text(a.lease) << " ";
    if (!a.answer) {
      out << text(a.answer.error());
    } else {
      out << (a.answer->granted ? "granted" : "refused: " + a.answer->reason);
    }
  }
  void operator()(const AnswerArtifact& a) {
    out << "answer-artifact " << text(a.lease) << " "
        << (a.next_offset ? std::to_string(*a.next_offset) : text(a.next_offset.error()));
  }
  void operator()(const WriteOutbox& a) {
    out << "write " << text(a.item.lease) << " " << to_string(a.item.outcome)
        << " log=" << text(a.events);
  }
  void operator()(const RemoveOutbox& a) { out << "remove " << text(a.lease); }
  void operator()(const Notice& a) {
    out << (a.warn ? "warn: " : "info: ") << a.event;
    if (!a.detail.empty()) out << " (" << a.detail << ")";
  }
  void operator()(const Stopped& a) {
    out << "stopped" << (a.status ? "" : " " + a.status.error().code + ": ");
    if (!a.status) out << a.status.error().message;
  }
};

// ----------------------------------------------------------------------------------------- input

struct Args {
  std::string command;
  std::vector<std::string> words;
  std::map<std::string, std::string> values;

  bool has(const std::string& word) const {
    return std::find(words.begin(), words.end(), word) != words.end();
  }
  std::string get(const std::string& key, const std::string& other = "") const {
    const auto found = values.find(key);
    return found == values.end() ? other : found->second;
  }
  uint64_t number(const std::string& key, uint64_t other) const {
    const auto found = values.find(key);
    return found == values.end() ? other : std::stoull(found->second);
  }
};

Args parse_args(const std::string& line) {
  std::istringstream in(line);
  Args args;
  in >> args.command;
  for (std::string word; in >> word;) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos) {
      args.words.push_back(word);
    } else {
      args.values[word.substr(0, equals)] = word.substr(equals + 1);
    }
  }
  return args;
}

LeaseRef lease(const std::string& word) {
  unsigned long long job = 0, epoch = 0, n = 0;
  if (sscanf(word.c_str(), "%llu/%llu.%llu", &job, &epoch, &n) != 3) {
    throw std::invalid_argument("not a lease: " + word);
  }
  return {job, epoch, n};
}

// "5/1.1:cancelled" split at the colon.
std::pair<LeaseRef, std::string> lease_and(const std::string& word) {
  const size_t colon = word.find(':');
  if (colon == std::string::npos) throw std::invalid_argument("no colon: " + word);
  return {lease(word.substr(0, colon)), word.substr(colon + 1)};
}

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> out;
  std::istringstream in(list);
  for (std::string word; std::getline(in, word, ',');) out.push_back(word);
  return out;
}

template <typename T>
T known(std::optional<T> value, const std::string& word) {
  if (!value) throw std::invalid_argument("unknown word: " + word);
  return *value;
}

std::vector<wire::CancelOrder> orders(const std::vector<std::string>& words) {
  std::vector<wire::CancelOrder> out;
  for (const std::string& word : words) {
    const auto [l, reason] = lease_and(word);
    out.push_back({l, known(wire::parse_cancel_reason(reason), reason)});
  }
  return out;
}

std::string bytes(const Args& a) {
  if (a.values.count("bytes") != 0) return std::string(a.number("bytes", 0), 'x');
  return a.get("text");
}

class Player {
 public:
  std::string turn(MonoMs now, const std::vector<std::string>& commands) {
    std::ostringstream out;
    for (const std::string& line : commands) {
      try {
        const Args args = parse_args(line);
        if (args.command == "start") {
          start(now, args);
        } else {
          if (core_ == nullptr) throw std::invalid_argument("no start");
          step(now, event(args), out);
        }
      } catch (const std::exception& e) {
        out << "BAD LINE " << line << ": " << e.what() << "\n";
      }
    }
    if (core_ == nullptr) return out.str();
    step(now, Tick{}, out);
    const MonoMs next = core_->next_deadline();
    out << "next " << (next == SessionCore::kNever ? "never" : std::to_string(next)) << "\n";
    return out.str();
  }

 private:
  void start(MonoMs now, const Args& a) {
    SessionOptions options;
    options.instance = "r1";
    options.secret = std::string(16, 's');
    options.session = a.number("session", 7);
    options.slots = a.number("slots", 2);
    options.seed = a.number("seed", 1);
    options.outbox_items_max = a.number("outbox", 512);
    options.drain_ms_max = a.number("drain-ms", 600'000);
    core_ = std::make_unique<SessionCore>(options, now);
  }

  void step(MonoMs now, SessionEvent e, std::ostringstream& out) {
    for (const SessionAction& action : core_->step(now, std::move(e))) {
      std::visit(Printer{out}, action);
      out << "\n";
    }
  }

  SessionEvent event(const Args& a) {
    if (a.command == "reset") return ConnectionReset{};
    if (a.command == "drain") return DrainAsked{a.has("now")};
    if (std::optional<SessionEvent> e = from_slot(a)) return std::move(*e);
    return from_broker(a);
  }

  static std::optional<SessionEvent> from_slot(const Args& a) {
    const auto l = [&] { return lease(a.words.at(0)); };
    if (a.command == "out") {
      const auto stream = a.has("err") ? wire::Stream::kStderr : wire::Stream::kStdout;
      return SlotOutput{l(), stream, a.get("gate", "g"), bytes(a), a.number("skipped", 0), 0};
    }
    if (a.command == "progress") return SlotProgress{l(), a.get("type"), a.get("gate"), "", 0};
    if (a.command == "base") return SlotBase{l(), a.get("commit")};
    if (a.command == "deliver") return SlotDelivery{l(), a.get("commit")};
    if (a.command == "artifact") {
      return SlotArtifact{
          l(), a.get("path"), a.number("offset", 0), make_blob(bytes(a)), a.has("last"), ""};
    }
    if (a.command == "finished" || a.command == "loaded") {
      wire::ResultItem item;
      item.lease = l();
      const std::string outcome = a.get("outcome", "passed");
      item.outcome = known(wire::parse_outcome(outcome), outcome);
      if (a.command == "finished") {
        return SlotFinished{item, make_blob("verdict"), make_blob(bytes(a))};
      }
      OutboxLoaded loaded{item, a.number("size", 100), {}};
      if (a.values.count("text") != 0) {
        wire::Event e;
        e.attempt = 1;
        e.stream = wire::Stream::kStdout;
        e.offset = a.number("offset", 0);
        e.type = "log";
        e.data = a.get("text");
        loaded.events.push_back(e);
      }
      return loaded;
    }
    if (a.command == "written") return OutboxWritten{l(), !a.has("failed")};
    return std::nullopt;
  }

  static SessionEvent from_broker(const Args& a) {
    FromBroker from{a.number("corr", 0), message(a), {}};
    if (auto* jobs = std::get_if<wire::RunJobs>(&from.body)) {
      for (const auto& d : jobs->items) {
        from.payloads.push_back(make_blob("request" + std::to_string(d.lease.job)));
        for (size_t i = 0; i < d.ancestors.size(); ++i) {
          from.payloads.push_back(make_blob("diff" + std::to_string(i)));
        }
      }
      for (uint64_t i = 0; i < a.number("lose-frames", 0); ++i) from.payloads.pop_back();
    }
    return from;
  }

  static BrokerMessage message(const Args& a) {
    const auto l = [&] { return lease(a.words.at(0)); };
    const std::vector<wire::CancelOrder> cancels = orders(split(a.get("cancels")));
    if (a.command == "registered") {
      return wire::Registered{a.number("epoch", 1),
                              a.number("session", 7),
                              a.number("hb", 5000),
                              a.number("lease", 15000),
                              cancels,
                              a.number("slots", 2),
                              a.has("drain"),
                              {}};
    }
    if (a.command == "ack") {
      return wire::HeartbeatAck{a.number("epoch", 1),
                                static_cast<int64_t>(a.number("sent", 0)),
                                cancels,
                                a.number("slots", 2),
                                a.has("drain"),
                                {}};
    }
    if (a.command == "jobs") return jobs(a);
    if (a.command == "cancel") return wire::Cancel{orders(a.words)};
    if (a.command == "base-kept") return wire::BaseKept{l(), a.get("commit")};
    if (a.command == "events-kept") {
      wire::EventsKept m{l(), a.has("stale"), {}};
      for (const char* s : {"stdout", "stderr", "progress"}) {
        if (a.values.count(s) != 0) m.offsets[s] = a.number(s, 0);
      }
      return m;
    }
    if (a.command == "artifact-kept") {
      return wire::ArtifactKept{l(), a.get("path"), a.number("next", 0), a.has("stale")};
    }
    if (a.command == "delivery") return wire::Delivery{l(), a.has("granted"), a.get("reason")};
    if (a.command == "results-kept") {
      wire::ResultsKept m;
      for (const std::string& word : a.words) {
        const auto [ref, status] = lease_and(word);
        m.items.push_back({ref, known(wire::parse_result_status(status), status)});
      }
      return m;
    }
    if (a.command == "done") return wire::Done{};
    if (a.command == "fail") {
      return wire::Failure{{a.get("code"), "because", "", a.number("after", 0)}};
    }
    throw std::invalid_argument("unknown command");
  }

  static wire::RunJobs jobs(const Args& a) {
    wire::RunJobs m;
    m.seq = a.number("seq", 1);
    m.epoch = a.number("epoch", 1);
    for (const std::string& word : a.words) {
      wire::Dispatch d;
      d.lease = lease(word);
      d.id = "job" + std::to_string(d.lease.job);
      d.attempt = a.number("attempt", 1);
      d.lease_ms = a.number("lease", 15000);
      for (uint64_t i = 0; i < a.number("ancestors", 0); ++i) d.ancestors.push_back({"a", "t"});
      m.items.push_back(d);
    }
    return m;
  }

  std::unique_ptr<SessionCore> core_;
};

}  // namespace

std::string play_session_script(const std::string& script) {
  std::istringstream in(script);
  std::ostringstream out;
  Player player;
  MonoMs now = 0;
  std::vector<std::string> commands;
  bool expected = false;  // inside the old output, which is left out
  for (std::string line; std::getline(in, line);) {
    if (expected) {
      if (!line.empty()) continue;
      expected = false;
      out << "\n";
    } else if (line == "----") {
      out << "----\n" << player.turn(now, commands);
      commands.clear();
      expected = true;
    } else {
      out << line << "\n";
      if (line.empty() || line[0] == '#') continue;
      if (line[0] == '@') {
        now = std::stoll(line.substr(1));
      } else {
        commands.push_back(line);
      }
    }
  }
  return out.str();
}

}  // namespace ghost::runner
