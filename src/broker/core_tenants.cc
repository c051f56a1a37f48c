// Tenants: their limits, and what changed of who may speak for them.
#include "broker/core_impl.h"

namespace ghost::broker {
namespace {

std::string limits_of(const wire::Tenant& tenant) {
  return "rate " + std::to_string(tenant.rate) + ", in-flight " + std::to_string(tenant.in_flight) +
         ", payload-bytes " + std::to_string(tenant.payload_bytes);
}

}  // namespace

void Core::Impl::on(const event::TenantChanged& e) {
  quotas.set(e.tenant);
  if (!e.actor.empty()) audit(e.actor, "tenant", e.tenant.name, limits_of(e.tenant));
}

void Core::Impl::on(const event::TokenChanged& e) {
  std::string scopes;
  for (const wire::Scope scope : e.token.scopes) {
    scopes += (scopes.empty() ? "" : ",") + std::string(to_string(scope));
  }
  audit(e.actor, e.token.revoked_at ? "token_revoke" : "token_put", e.token.name,
        "tenant " + e.token.tenant + ", " + scopes);
}

std::vector<wire::Tenant> Core::Impl::tenant_views() const {
  std::map<std::string, wire::Tenant> all = quotas.all();
  lanes.each_tenant([&](const std::string& name, uint64_t unfinished) {
    wire::Tenant& tenant = all[name];
    tenant.name = name;
    tenant.unfinished = unfinished;
  });
  std::vector<wire::Tenant> views;
  for (auto& [name, tenant] : all) views.push_back(std::move(tenant));
  return views;
}

std::vector<wire::Tenant> Core::tenants() const {
  return impl_->tenant_views();
}

}  // namespace ghost::broker
