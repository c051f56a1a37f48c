// Administration: what the shell answers of keys, tokens, tenants and backups, and what others
// changed in the files of these.
#include "broker/shell.h"

namespace ghost::broker {

void Shell::on(Peer peer, wire::Message&& message, KeyRequest&& request) {
  const uint64_t correlation = message.header.correlation;
  if (options_.access == nullptr) {
    return fail(peer, correlation, {"conflict", "this broker has no keys", ""});
  }
  Result<wire::Frames> made = std::visit([&](auto& r) { return answer(correlation, r); }, request);
  if (!made) return fail(peer, correlation, made.error());
  answers_.emplace_back(std::move(peer), std::move(*made));
}

void Shell::on(Peer peer, wire::Message&& message, BackupRequest&& request) {
  const uint64_t correlation = message.header.correlation;
  if (const auto* make = std::get_if<wire::MakeBackup>(&request)) {
    if (Status s = backups_.start(now_.wall); !s) return fail(peer, correlation, s.error());
    actions_.persist.push_back(
        persist::Audit{{now_.wall, make->actor, "backup", backups_.last().path, ""}});
  }
  answers_.emplace_back(std::move(peer), wire::pack(correlation, backups_.last()));
}

Result<wire::Frames> Shell::answer(uint64_t correlation, wire::ListKeys&) {
  Access& access = *options_.access;
  return wire::pack(correlation, wire::Keys{access.keys(), access.addresses(Side::kClients).keyed,
                                            access.addresses(Side::kRunners).keyed});
}

Result<wire::Frames> Shell::answer(uint64_t correlation, wire::PutKey& request) {
  if (Status s = options_.access->put(request.key, now_.wall); !s) return s.error();
  request.key.revoked_at.reset();
  step(event::KeyChanged{request.actor, request.key});
  return wire::pack(correlation, wire::Done{});
}

Result<wire::Frames> Shell::answer(uint64_t correlation, wire::RevokeKey& request) {
  Result<wire::Key> revoked = options_.access->revoke(request.name, now_.wall);
  if (!revoked) return revoked.error();
  step(event::KeyChanged{request.actor, std::move(*revoked)});
  return wire::pack(correlation, wire::Done{});
}

void Shell::on(Peer peer, wire::Message&& message, TokenRequest&& request) {
  const uint64_t correlation = message.header.correlation;
  if (options_.tokens == nullptr) {
    return fail(peer, correlation, {"conflict", "this broker has no tokens", ""});
  }
  Result<wire::Frames> made = std::visit([&](auto& r) { return answer(correlation, r); }, request);
  if (!made) return fail(peer, correlation, made.error());
  answers_.emplace_back(std::move(peer), std::move(*made));
}

Result<wire::Frames> Shell::answer(uint64_t correlation, wire::CheckTokens& request) {
  return wire::pack(correlation, options_.tokens->check(request, now_.wall));
}

Result<wire::Frames> Shell::answer(uint64_t correlation, wire::ListTokens&) {
  return wire::pack(correlation, wire::Tokens{options_.tokens->list()});
}

Result<wire::Frames> Shell::answer(uint64_t correlation, wire::PutToken& request) {
  Result<wire::BearerToken> made = options_.tokens->put(std::move(request.token), now_.wall);
  if (!made) return made.error();
  step(event::TokenChanged{request.actor, std::move(*made)});
  return wire::pack(correlation, wire::Done{});
}

Result<wire::Frames> Shell::answer(uint64_t correlation, wire::RevokeToken& request) {
  Result<wire::BearerToken> revoked = options_.tokens->revoke(request.name, now_.wall);
  if (!revoked) return revoked.error();
  step(event::TokenChanged{request.actor, std::move(*revoked)});
  return wire::pack(correlation, wire::Done{});
}

Result<wire::Frames> Shell::answer(uint64_t correlation, wire::ListTenants&) {
  return wire::pack(correlation, wire::Tenants{core_.tenants()});
}

Result<wire::Frames> Shell::answer(uint64_t correlation, wire::PatchTenant& request) {
  Result<wire::Tenant> tenant = options_.tokens->patch(request);
  if (!tenant) return tenant.error();
  step(event::TenantChanged{request.actor, *tenant});
  return wire::pack(correlation, wire::Tenants{{std::move(*tenant)}});
}

// What others changed in the books.
void Shell::follow_books() {
  if (options_.access != nullptr) {
    Access::Changes changes = options_.access->refresh(now_.mono);
    for (wire::Key& key : changes.added) step(event::KeyChanged{"key book", std::move(key)});
    for (wire::Key& key : changes.revoked) {
      key.revoked_at = now_.wall;
      step(event::KeyChanged{"key book", std::move(key)});
    }
  }
  if (options_.tokens == nullptr) return;
  TokenDesk::Changes changes = options_.tokens->refresh(now_.mono);
  for (wire::Tenant& tenant : changes.tenants) {
    step(event::TenantChanged{changes.first ? "" : "token book", std::move(tenant)});
  }
  if (changes.first) return;
  for (wire::BearerToken& token : changes.tokens) {
    step(event::TokenChanged{"token book", std::move(token)});
  }
}

std::optional<wire::Address> Shell::move(Side side) const {
  return options_.access == nullptr ? std::nullopt : options_.access->addresses(side).move;
}

}  // namespace ghost::broker
