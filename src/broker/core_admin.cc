// The registry, and what operators change: each change is written down with who asked for it.
#include "broker/core_impl.h"

namespace ghost::broker {

void Core::Impl::on_message(const event::FromClient& e, const wire::PutInstance& m) {
  if (m.instance.service == kRunnerService) {
    return refuse(e.peer, e.correlation, "forbidden", "runners register themselves",
                  "instance.service");
  }
  const auto put = registry.put(m.instance, lease_now(), now.wall);
  if (!put) {
    return refuse(e.peer, e.correlation, put.error().code, put.error().message, put.error().field);
  }
  reply(e.peer, e.correlation,
        wire::InstancePut{*put.value().instance, put.value().created, options.epoch});
}

void Core::Impl::on_message(const event::FromClient& e, const wire::DeleteInstance& m) {
  const wire::Instance* known = registry.find(m.service, m.instance);
  if (!known) {
    return refuse(e.peer, e.correlation, "not_found",
                  "no instance " + m.instance + " of " + m.service);
  }
  if (m.service == kRunnerService && known->state != wire::InstanceState::kLost) {
    return refuse(e.peer, e.correlation, "conflict", "the runner is there; drain it instead");
  }
  registry.remove(m.service, m.instance);
  reply(e.peer, e.correlation, wire::Done{});
}

void Core::Impl::on_message(const event::FromClient& e, const wire::NextInstance& m) {
  const wire::Instance* chosen = registry.next(m.service);
  if (!chosen) {
    return refuse(e.peer, e.correlation, "no_instance",
                  "no instance of " + m.service + " is ready");
  }
  reply(e.peer, e.correlation, wire::InstancePut{*chosen, false, options.epoch});
}

Runner* Core::Impl::runner_named(const event::FromClient& e, const std::string& id) {
  Runner* const runner = runners.find(id);
  if (!runner) refuse(e.peer, e.correlation, "not_found", "there is no runner " + id);
  return runner;
}

void Core::Impl::on_message(const event::FromClient& e, const wire::DrainRunner& m) {
  Runner* const runner = runner_named(e, m.id);
  if (!runner) return;
  runner->settings.drain = m.drain;
  out->persist.push_back(persist::PutRunner{runner->settings});
  audit(m.actor, "drain", m.id, m.drain ? "on" : "off");
  runners.update(runner);
  if (runner->alive()) list_in_registry(*runner);
  reply(e.peer, e.correlation, wire::Done{});
}

void Core::Impl::on_message(const event::FromClient& e, const wire::SetSlots& m) {
  Runner* const runner = runner_named(e, m.id);
  if (!runner) return;
  audit(m.actor, "slots", m.id, std::to_string(runner->slots()) + " to " + std::to_string(m.slots));
  runner->settings.slots = m.slots;
  out->persist.push_back(persist::PutRunner{runner->settings});
  runners.update(runner);
  if (runner->alive()) list_in_registry(*runner);
  reply(e.peer, e.correlation, wire::Done{});
}

void Core::Impl::on_message(const event::FromClient& e, const wire::PutRepo& m) {
  if (Status s = wire::check_repo_url(m.repo.url, options.repo_protocols, options.repo_networks);
      !s) {
    return refuse(e.peer, e.correlation, s.error().code, s.error().message, "url");
  }
  const auto known = repo_ids.find(m.repo.name);
  if (known == repo_ids.end() && repos.size() >= kReposMax) {
    return refuse(e.peer, e.correlation, "rate_limited", "the catalogue is full", "repo.name");
  }
  RepoEntry& entry = repos[repo_id(m.repo.name)];
  audit(m.actor, "repo_put", m.repo.name, entry.repo ? "changed" : "new");
  entry.repo = m.repo;
  out->persist.push_back(persist::PutRepo{m.repo});
  reply(e.peer, e.correlation, wire::Done{});
}

void Core::Impl::on_message(const event::FromClient& e, const wire::DeleteRepo& m) {
  const auto known = repo_ids.find(m.name);
  if (known == repo_ids.end() || !repos[known->second].repo) {
    return refuse(e.peer, e.correlation, "not_found", "no repository is named " + m.name);
  }
  RepoEntry& entry = repos[known->second];
  if (entry.unfinished > 0) {
    return refuse(e.peer, e.correlation, "conflict",
                  std::to_string(entry.unfinished) + " unfinished jobs name " + m.name);
  }
  entry.repo.reset();
  audit(m.actor, "repo_delete", m.name, "");
  out->persist.push_back(persist::DeleteRepo{m.name});
  reply(e.peer, e.correlation, wire::Done{});
}

wire::Lane Core::Impl::view(const Lane& lane) const {
  wire::Lane out_ = lane.as_set;
  out_.queued = lane.queued;
  out_.leased = lane.leased;
  return out_;
}

void Core::Impl::on_message(const event::FromClient& e, const wire::PatchLane& m) {
  Lane* const lane = lanes.make(m.name);
  if (!lane) {
    return refuse(e.peer, e.correlation, "rate_limited", "there are too many lanes", "name");
  }
  std::string what;
  const auto change = [&](const char* name, auto* field, const auto& value) {
    if (!value) return;
    *field = *value;
    what += (what.empty() ? "" : ", ") + std::string(name) + " " + std::to_string(*field);
  };
  change("weight", &lane->as_set.weight, m.weight);
  change("limit", &lane->as_set.limit, m.limit);
  change("paused", &lane->as_set.paused, m.paused);
  lanes.configure(lane);
  out->persist.push_back(persist::PutLane{lane->as_set});
  audit(m.actor, "lane", m.name, what);
  reply(e.peer, e.correlation, wire::Lanes{{view(*lane)}});
}

}  // namespace ghost::broker
