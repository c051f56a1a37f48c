#include "broker/access.h"

#include <unistd.h>

#include <algorithm>

#include "base/fs.h"
#include "base/log.h"

namespace ghost::broker {
namespace {

// libzmq's own routing ids: a zero byte and a number. A peer that sets one of its own could take
// over that of another which has just left (libzmq #3731).
constexpr size_t kRoutingIdBytes = 5;
bool chosen_by_peer(const std::string& routing_id) {
  return routing_id.size() != kRoutingIdBytes || routing_id[0] != '\0';
}

Error forbidden(const std::string& why) {
  return {"forbidden", why, ""};
}

// What the owner of a client's key may ask for: its own tenant's jobs, and what everyone may see.
struct ClientRules {
  const wire::Key& key;

  template <typename T>
  Status operator()(T& m) const {
    if constexpr (requires { m.actor; }) m.actor = key.name;
    if constexpr (requires { m.tenant; }) return of_tenant(m.tenant);
    if constexpr (std::is_same_v<T, wire::Hello> || std::is_same_v<T, wire::ListInstances> ||
                  std::is_same_v<T, wire::NextInstance> || std::is_same_v<T, wire::ListRepos> ||
                  std::is_same_v<T, wire::ListLanes>) {
      return ok_status();
    }
    return forbidden("a client's key does not allow " + std::string(T::kKind));
  }
  Status operator()(wire::Submit& m) const {
    for (const wire::Submission& item : m.items) {
      if (Status s = of_tenant(item.tenant); !s) return s;
    }
    return ok_status();
  }
  Status operator()(ClientRequest& m) const { return std::visit(*this, m); }
  Status operator()(ReadRequest& m) const { return std::visit(*this, m); }
  Status operator()(KeyRequest& m) const { return std::visit(*this, m); }
  Status operator()(BackupRequest& m) const { return std::visit(*this, m); }
  Status operator()(TokenRequest& m) const { return std::visit(*this, m); }
  Status operator()(RunnerRequest&) const { return forbidden("a client's key runs no jobs"); }

  Status of_tenant(const std::string& tenant) const {
    return tenant == key.tenant ? ok_status() : Status(forbidden("the key is another tenant's"));
  }
};

}  // namespace

Status Access::load() {
  if (folder_.path.empty()) return ok_status();
  stamp_ = file_stamp(folder_.book());
  Result<wire::KeyBook> book = wire::load_key_book(folder_);
  if (!book) return book.error();
  book_ = std::move(*book);
  index();
  return ok_status();
}

void Access::index() {
  by_key_.clear();
  for (const wire::Key& key : book_.keys()) {
    if (!key.revoked_at) by_key_.emplace(key.public_key, &key);
  }
}

MonoMs Access::next_deadline() const {
  return folder_.path.empty() ? INT64_MAX : refresh_at_;
}

Access::Changes Access::refresh(MonoMs now) {
  if (now >= next_deadline()) {
    refresh_at_ = now + kRefreshMs;
    reread();
  }
  return std::exchange(changes_, {});
}

void Access::reread() {
  std::string now_stamp = file_stamp(folder_.book());
  if (now_stamp == stamp_) return;
  stamp_ = std::move(now_stamp);
  Result<wire::KeyBook> book = wire::load_key_book(folder_);
  if (!book) {
    log::error("key book not read: the keys stay as they were", {{"reason", book.error().message}});
    return;
  }
  for (const auto& [key, known] : by_key_) {
    const wire::Key* after = book->find(key);
    if (after == nullptr || after->revoked_at) changes_.revoked.push_back(*known);
  }
  for (const wire::Key& key : book->keys()) {
    if (!key.revoked_at && !by_key_.contains(key.public_key)) changes_.added.push_back(key);
  }
  book_ = std::move(*book);
  index();
}

const wire::Key* Access::active(std::string_view public_key) const {
  const auto found = by_key_.find(std::string(public_key));
  return found == by_key_.end() ? nullptr : found->second;
}

bool Access::accepts(const wire::ZapRequest& request) {
  if (request.public_key.empty()) return true;  // an address of this host
  const wire::Key* key = active(request.public_key);
  if (key == nullptr) {
    // Added a moment ago, perhaps: libzmq does not try again after a refusal.
    reread();
    key = active(request.public_key);
  }
  const char* reason = nullptr;
  if (key == nullptr) {
    reason = book_.find(request.public_key) != nullptr ? "revoked_key" : "unknown_key";
  } else if ((key->role == wire::KeyRole::kRunner) != (request.domain == kRunnersDomain)) {
    reason = "wrong_role";
  }
  if (reason == nullptr) return true;
  count_refused(reason);
  if (log_.take(mono_now_ms())) {
    log::warn("connection refused", {{"reason", reason},
                                     {"address", request.address},
                                     {"port", request.domain},
                                     {"key", request.public_key.substr(0, 16)},
                                     {"name", key != nullptr ? key->name : ""}});
  }
  return false;
}

std::optional<std::string> Access::route_of(wire::Incoming& in) {
  if (chosen_by_peer(in.peer)) {
    count_refused("chosen_routing_id");
    return std::nullopt;
  }
  if (in.user.empty()) return std::move(in.peer);
  if (active(in.user) == nullptr) {
    count_refused("message_of_revoked_key");
    return std::nullopt;
  }
  return std::move(in.peer) + in.user;
}

bool Access::hears(const std::string& route) const {
  const std::string_view user = user_of(route);
  return user.empty() || active(user) != nullptr;
}

Status Access::allows(const std::string& route, Inbound* inbound) {
  const std::string_view user = user_of(route);
  if (user.empty()) return ok_status();
  const wire::Key* key = active(user);
  const Status allowed =
      key == nullptr ? Status(forbidden("the key is not accepted")) : judge(*key, inbound);
  if (allowed) return allowed;
  count_refused("beyond_key");
  if (log_.take(mono_now_ms())) {
    log::warn("request refused", {{"reason", allowed.error().message},
                                  {"key", user.substr(0, 16)},
                                  {"name", key != nullptr ? key->name : ""}});
  }
  return forbidden("not allowed with this key");
}

Status Access::judge(const wire::Key& key, Inbound* inbound) {
  if (key.role == wire::KeyRole::kClient) return std::visit(ClientRules{key}, *inbound);
  const auto* runner = std::get_if<RunnerRequest>(inbound);
  const auto* join = runner != nullptr ? std::get_if<wire::Register>(runner) : nullptr;
  if (join != nullptr && join->instance != key.name) {
    return forbidden("the key is that of instance " + key.name);
  }
  return ok_status();
}

Status Access::put(wire::Key key, WallMs now) {
  if (folder_.path.empty()) {
    return Error{"conflict", "the broker has no key folder: ghost keys init", ""};
  }
  if (Status s = make_dirs(folder_.path, 0700); !s) return s;
  key.added_at = now;
  key.revoked_at.reset();
  Status changed =
      wire::change_key_book(folder_, [&](wire::KeyBook& book) { return book.add(key); });
  if (!changed) return changed;
  return load();
}

Result<wire::Key> Access::revoke(const std::string& name, WallMs now) {
  if (::access(folder_.path.c_str(), F_OK) != 0) {
    return Error{"not_found", "there is no key named " + name, "name"};
  }
  wire::Key revoked;
  Status changed = wire::change_key_book(folder_, [&](wire::KeyBook& book) -> Status {
    if (Status s = book.revoke(name, now); !s) return s;
    for (const wire::Key& key : book.keys()) {
      if (key.name == name && key.revoked_at == now) revoked = key;
    }
    return ok_status();
  });
  if (!changed) return changed.error();
  if (Status s = load(); !s) return s.error();
  return revoked;
}

}  // namespace ghost::broker
