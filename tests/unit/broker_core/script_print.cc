// What scripts print of the core's actions.
#include "script_broker.h"
#include "script_text.h"

namespace ghost::broker::test {

std::string ScriptBroker::show(const JobStatus& s, const JobStatus* before) {
  const JobStatus none;
  const JobStatus& old = before ? *before : none;
  std::string line = text(s.state);
  const auto field = [&](const char* key, const std::string& value) {
    line += std::string(" ") + key + "=" + value;
  };
  if (s.attempt != old.attempt) field("attempt", std::to_string(s.attempt));
  if (s.token != old.token) field("token", text(s.token));
  if (s.runner != old.runner) field("runner", s.runner);
  if (s.base_commit != old.base_commit) field("base", s.base_commit);
  if (s.flag && s.flag != old.flag) field("flag", text(*s.flag));
  if (s.delivering && !old.delivering) field("delivering", s.delivery_commit);
  if (s.backoff_until_ms != 0) field("backoff", std::to_string(s.backoff_until_ms - now_.wall));
  if (s.outcome) field("outcome", text(*s.outcome));
  if (!s.tree_oid.empty()) field("tree", s.tree_oid);
  if (!s.reason.empty()) line += " \"" + s.reason + "\"";
  return line;
}

void ScriptBroker::print(const persist::InsertJob& p) {
  say("+ " + name(p.spec->no) + " " + show(p.status, nullptr) +
      (p.spec->retry_of.empty() ? "" : " retry_of=" + p.spec->retry_of));
}

void ScriptBroker::print(const persist::UpdateJob& p) {
  const auto before = disk_.jobs.find(p.no);
  say("= " + name(p.no) + " " +
      show(p.status, before == disk_.jobs.end() ? nullptr : &before->second.status));
}

void ScriptBroker::print(const persist::AppendEvents& p) {
  std::string line = "e " + name(p.no);
  for (const wire::Event& e : p.events) {
    line += " " + std::to_string(e.seq) + ":" + e.type + "(" + std::to_string(e.attempt) + "." +
            text(e.stream) + "." + std::to_string(e.offset) + ")";
    if (e.data) line += "'" + *e.data + "'";
  }
  say(line);
}

void ScriptBroker::print(const persist::PutResult& p) {
  say("result " + name(p.no) + (p.verdict ? " " + *p.verdict : "") +
      (p.diff ? " diff=" + *p.diff : ""));
}

void ScriptBroker::print(const persist::PutArtifactChunk& p) {
  say("artifact " + name(p.no) + " " + std::to_string(p.attempt) + " " + p.path + "@" +
      std::to_string(p.offset) + "+" + std::to_string(p.bytes->size()) + (p.last ? " last" : ""));
}

void ScriptBroker::print(const persist::ForgetJobs& p) {
  std::string line = "forget";
  for (const JobNo no : p.nos) line += " " + name(no);
  say(line);
}

void ScriptBroker::print(const persist::PutRepo& p) {
  say("repo " + p.repo.name);
}

void ScriptBroker::print(const persist::DeleteRepo& p) {
  say("unrepo " + p.name);
}

void ScriptBroker::print(const persist::PutLane& p) {
  say("lane " + p.lane.name + " weight=" + std::to_string(p.lane.weight) +
      " limit=" + std::to_string(p.lane.limit) + (p.lane.paused ? " paused" : ""));
}

void ScriptBroker::print(const persist::PutRunner& p) {
  say("runner " + p.settings.instance + " session=" + std::to_string(p.settings.session) +
      (p.settings.drain ? " drain" : "") +
      (p.settings.slots == 0 ? "" : " slots=" + std::to_string(p.settings.slots)));
}

void ScriptBroker::print(const persist::DeleteRunner& p) {
  say("unrunner " + p.instance);
}

void ScriptBroker::print(const persist::Audit& p) {
  say("audit " + p.entry.actor + " " + p.entry.action + " " + p.entry.subject + " " +
      p.entry.detail);
}

void ScriptBroker::print(const send::Message& s) {
  say("-> " + s.peer.route + " " + show(s.reply));
}

void ScriptBroker::print(const send::Submitted& s) {
  wire::Submitted filled = s.reply;
  for (const auto& fill : s.fills) filled.items[fill.item].id = name(fill.no);
  say("-> " + s.peer.route + " " + show(Reply(filled)));
}

void ScriptBroker::print(const send::JobView& s) {
  const Kept& job = disk_.jobs.at(s.no);
  say("-> " + s.peer.route + " job " + name(s.no) + " " + text(job.status.state) +
      (job.status.flag ? " cancel_requested" : ""));
}

void ScriptBroker::print(const send::Jobs& s) {
  std::string line = "-> " + s.peer.route + " RunJobs seq=" + std::to_string(s.seq);
  for (const auto& item : s.items) {
    line += " " + name(item.no) + "@" + text(item.token) +
            " attempt=" + std::to_string(item.attempt) +
            (item.base_commit.empty() ? "" : " base=" + item.base_commit);
  }
  say(line);
}

void ScriptBroker::show(const Persist& change) {
  std::visit([this](const auto& p) { print(p); }, change);
}
void ScriptBroker::show(const Send& sent) {
  std::visit([this](const auto& s) { print(s); }, sent);
}
std::string ScriptBroker::show(const Reply& reply) const {
  return std::visit([this](const auto& m) { return line_of(m); }, reply);
}

std::string ScriptBroker::line_of(const wire::Failure& m) const {
  return "Failure " + text(m.error);
}
std::string ScriptBroker::line_of(const wire::Done&) const {
  return "Done";
}
std::string ScriptBroker::orders(const std::vector<wire::CancelOrder>& all) const {
  std::string line;
  for (const auto& order : all) line += " " + text(order.reason) + ":" + lease(order.lease);
  return line;
}

std::string ScriptBroker::line_of(const wire::Submitted& m) const {
  std::string line;
  line = "Submitted";
  for (const auto& ack : m.items) {
    line += " " + ack.id + ":" + text(ack.status) + (ack.state ? ":" + text(*ack.state) : "");
    if (ack.error) line += " (" + text(*ack.error) + ")";
  }
  return line;
}

std::string ScriptBroker::line_of(const wire::InstancePut& m) const {
  std::string line;
  line = "InstancePut " + m.instance.service + "/" + m.instance.instance +
         (m.created ? " created" : "");
  return line;
}

std::string ScriptBroker::line_of(const wire::Lanes& m) const {
  std::string line;
  line = "Lanes";
  for (const auto& lane : m.items) {
    line += " " + lane.name + " queued=" + std::to_string(lane.queued) +
            " leased=" + std::to_string(lane.leased);
  }
  return line;
}

std::string ScriptBroker::line_of(const wire::Registered& m) const {
  std::string line;
  line = "Registered epoch=" + std::to_string(m.epoch) + " slots=" + std::to_string(m.slots) +
         (m.drain ? " drain" : "");
  line += orders(m.cancels);
  return line;
}

std::string ScriptBroker::line_of(const wire::HeartbeatAck& m) const {
  std::string line;
  line = "HeartbeatAck slots=" + std::to_string(m.slots) + (m.drain ? " drain" : "");
  line += orders(m.cancels);
  return line;
}

std::string ScriptBroker::line_of(const wire::Cancel& m) const {
  std::string line;
  line = "Cancel";
  line += orders(m.orders);
  return line;
}

std::string ScriptBroker::line_of(const wire::BaseKept& m) const {
  std::string line;
  line = "BaseKept " + lease(m.lease) + " " + (m.commit.empty() ? "stale" : m.commit);
  return line;
}

std::string ScriptBroker::line_of(const wire::EventsKept& m) const {
  std::string line;
  line = "EventsKept " + lease(m.lease) + (m.stale ? " stale" : "");
  for (const auto& [stream, offset] : m.offsets) {
    line += " " + stream + "=" + std::to_string(offset);
  }
  return line;
}

std::string ScriptBroker::line_of(const wire::ArtifactKept& m) const {
  std::string line;
  line = "ArtifactKept " + lease(m.lease) + " " + m.path + (m.stale ? " stale" : "") +
         " next=" + std::to_string(m.next_offset);
  return line;
}

std::string ScriptBroker::line_of(const wire::Delivery& m) const {
  std::string line;
  line = "Delivery " + lease(m.lease) + (m.granted ? " granted" : " refused: " + m.reason);
  return line;
}

std::string ScriptBroker::line_of(const wire::ResultsKept& m) const {
  std::string line;
  line = "ResultsKept";
  for (const auto& ack : m.items) line += " " + lease(ack.lease) + ":" + text(ack.status);
  return line;
}

}  // namespace ghost::broker::test
