#include "broker/token_desk.h"

#include <algorithm>

#include "base/fs.h"
#include "base/log.h"

namespace ghost::broker {

Status TokenDesk::load() {
  if (folder_.path.empty()) return ok_status();
  stamp_ = file_stamp(folder_.tokens());
  Result<wire::TokenBook> book = wire::load_token_book(folder_);
  if (!book) return book.error();
  Status taken = take(std::move(*book));
  changes_.first = true;
  return taken;
}

// The new book, and in changes_ what it has that the old one had not.
Status TokenDesk::take(wire::TokenBook book) {
  for (const wire::BearerToken& token : book.tokens()) {
    const wire::BearerToken* before = book_.find(token.id);
    if (before == nullptr || before->revoked_at != token.revoked_at) {
      changes_.tokens.push_back(token);
    }
  }
  std::unordered_map<std::string, wire::Tenant> tenants;
  for (const wire::Tenant& tenant : book.tenants()) tenants[tenant.name] = tenant;
  for (const auto& [name, tenant] : tenants) {
    const auto before = tenants_.find(name);
    if (before == tenants_.end() || before->second != tenant) changes_.tenants.push_back(tenant);
  }
  for (const auto& [name, tenant] : tenants_) {
    if (!tenants.contains(name)) changes_.tenants.emplace_back().name = name;
  }
  tenants_ = std::move(tenants);
  book_ = std::move(book);
  by_id_.clear();
  for (size_t i = 0; i < book_.tokens().size(); ++i) {
    if (!book_.tokens()[i].revoked_at) by_id_.emplace(book_.tokens()[i].id, i);
  }
  return ok_status();
}

TokenDesk::Changes TokenDesk::refresh(MonoMs now) {
  if (now >= next_deadline()) {
    refresh_at_ = now + kRefreshMs;
    reread();
  }
  return std::exchange(changes_, {});
}

void TokenDesk::reread() {
  std::string now_stamp = file_stamp(folder_.tokens());
  if (now_stamp == stamp_) return;
  stamp_ = std::move(now_stamp);
  Result<wire::TokenBook> book = wire::load_token_book(folder_);
  if (!book) {
    log::error("token book not read: tokens and tenants stay as they were",
               {{"reason", book.error().message}});
    return;
  }
  (void)take(std::move(*book));
}

wire::TokensChecked TokenDesk::check(const wire::CheckTokens& question, WallMs now) const {
  wire::TokensChecked out;
  out.asked = !book_.tokens().empty();
  const auto add_tenant = [&](const std::string& name) {
    const auto limits = tenants_.find(name);
    if (limits == tenants_.end()) return;
    const auto same = [&](const wire::Tenant& known) { return known.name == name; };
    if (std::none_of(out.tenants.begin(), out.tenants.end(), same)) {
      out.tenants.push_back(limits->second);
    }
  };
  for (const std::string& id : question.ids) {
    const auto at = by_id_.find(id);
    if (at == by_id_.end()) continue;
    const wire::BearerToken& token = book_.tokens()[at->second];
    if (token.expires_at && *token.expires_at <= now) continue;
    out.items.push_back(token);
    add_tenant(token.tenant);
  }
  if (!out.asked) add_tenant("default");
  return out;
}

std::vector<wire::BearerToken> TokenDesk::list() const {
  std::vector<wire::BearerToken> out = book_.tokens();
  for (wire::BearerToken& token : out) token.sha256.clear();
  return out;
}

Status TokenDesk::change(const std::function<Status(wire::TokenBook&)>& edit) {
  if (folder_.path.empty()) return Error{"conflict", "the broker has no key folder", ""};
  wire::TokenBook after;
  Status changed = wire::change_token_book(folder_, [&](wire::TokenBook& book) -> Status {
    Status done = edit(book);
    if (done) after = book;
    return done;
  });
  if (!changed) return changed;
  stamp_ = file_stamp(folder_.tokens());
  return take(std::move(after));
}

Result<wire::BearerToken> TokenDesk::put(wire::BearerToken token, WallMs now) {
  token.added_at = now;
  token.revoked_at.reset();
  Status added = change([&](wire::TokenBook& book) { return book.add(token); });
  if (!added) return added.error();
  std::erase_if(changes_.tokens, [&](const auto& told) { return told.id == token.id; });
  return token;
}

Result<wire::BearerToken> TokenDesk::revoke(const std::string& name, WallMs now) {
  wire::BearerToken revoked;
  Status done = change([&](wire::TokenBook& book) -> Status {
    if (Status s = book.revoke(name, now); !s) return s;
    for (const wire::BearerToken& token : book.tokens()) {
      if (token.name == name && token.revoked_at == now) revoked = token;
    }
    return ok_status();
  });
  if (!done) return done.error();
  std::erase_if(changes_.tokens, [&](const auto& told) { return told.id == revoked.id; });
  return revoked;
}

Result<wire::Tenant> TokenDesk::patch(const wire::PatchTenant& wanted) {
  wire::Tenant after;
  Status done = change([&](wire::TokenBook& book) -> Status {
    Result<wire::Tenant> patched = book.patch(wanted);
    if (!patched) return patched.error();
    after = std::move(*patched);
    return ok_status();
  });
  if (!done) return done.error();
  std::erase_if(changes_.tenants, [&](const auto& told) { return told.name == after.name; });
  return after;
}

}  // namespace ghost::broker
