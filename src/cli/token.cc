// ghost token, ghost tenant: who may call over HTTP, and how much each tenant may use. On the
// broker's own host the token book is changed directly, so that the first token needs no farm that
// runs; elsewhere the relay is asked. A token is shown once, when it is made.
#include <algorithm>
#include <iostream>
#include <sstream>

#include "base/ids.h"
#include "cli/commands.h"
#include "cli/tables.h"
#include "http/url.h"
#include "wire/token_book.h"

namespace ghost::cli {
namespace {

std::string token_path(const std::string& name) {
  return "/v1/tokens/" + http::percent_encode(name);
}

int fail(Session& session, const TokenOptions& o, const Error& error) {
  return o.folder.empty() ? session.fail(error) : fail_offline(error);
}

// "submit,read" and "submit" "read" alike.
Result<std::vector<wire::Scope>> read_scopes(const std::vector<std::string>& texts) {
  std::vector<wire::Scope> out;
  for (const std::string& text : texts) {
    std::istringstream words(text);
    std::string word;
    while (std::getline(words, word, ',')) {
      const auto scope = wire::parse_scope(word);
      if (!scope) {
        return Error{"bad_field", "--scope: expected submit, read, operate or admin", ""};
      }
      if (std::find(out.begin(), out.end(), *scope) == out.end()) out.push_back(*scope);
    }
  }
  if (out.empty()) return std::vector{wire::Scope::kSubmit, wire::Scope::kRead};
  return out;
}

// The whole token.
Result<std::string> add_to_folder(const TokenOptions& o, wire::BearerToken token) {
  const wire::MintedToken minted = wire::mint_token();
  token.id = minted.id;
  token.sha256 = wire::token_digest(minted.text);
  token.added_at = wall_now_ms();
  Status added =
      wire::change_token_book({o.folder}, [&](wire::TokenBook& book) { return book.add(token); });
  if (!added) return added.error();
  return minted.text;
}

Result<std::string> add_by_relay(Session& session, const wire::BearerToken& token) {
  http::JsonArray scopes;
  for (const wire::Scope scope : token.scopes)
    scopes.push_back(http::Json(std::string(to_string(scope))));
  http::JsonObject body{{"name", token.name}, {"tenant", token.tenant}, {"scopes", scopes}};
  if (token.expires_at) body["expiresAt"] = format_rfc3339(*token.expires_at);
  const auto made = session.call("POST", "/v1/tokens", std::move(body));
  if (!made) return made.error();
  return http::get_string(*made, "token");
}

std::string joined_scopes(const http::Json& token) {
  std::string out;
  const http::Json* scopes = token.as_object().if_contains("scopes");
  if (scopes == nullptr || !scopes->is_array()) return out;
  for (const http::Json& scope : scopes->as_array()) {
    if (!scope.is_string()) continue;
    const auto& text = scope.as_string();
    out += (out.empty() ? "" : ",") + safe_line(std::string_view(text.data(), text.size()));
  }
  return out;
}

std::string state_of(const Session& session, const http::Json& token) {
  if (!http::get_string(token, "revokedAt").empty()) return session.out_style().red("revoked");
  const std::string expires = http::get_string(token, "expiresAt");
  const auto at = parse_rfc3339(expires);
  if (at && *at <= wall_now_ms()) return session.out_style().red("expired");
  return "good";
}

}  // namespace

int run_token_create(Session& session, const TokenOptions& o) {
  if (!is_name(o.name)) return session.usage_error("not a name: " + safe_line(o.name));
  if (!is_name(o.tenant)) return session.usage_error("not a name: " + safe_line(o.tenant));
  const auto scopes = read_scopes(o.scopes);
  if (!scopes) return session.usage_error(scopes.error().message);
  wire::BearerToken token;
  token.name = o.name;
  token.tenant = o.tenant;
  token.scopes = *scopes;
  if (o.expires_ms) token.expires_at = wall_now_ms() + *o.expires_ms;
  const auto made = o.folder.empty() ? add_by_relay(session, token) : add_to_folder(o, token);
  if (!made) return fail(session, o, made.error());
  if (session.json()) {
    print_json_document(http::JsonObject{{"name", o.name}, {"tenant", o.tenant}, {"token", *made}});
    return kPassed;
  }
  print(*made + "\n");
  if (session.err_is_terminal()) {
    std::cerr << "this is secret and is not shown again: ghost --token @FILE, or GHOST_TOKEN\n";
  }
  return kPassed;
}

int run_token_list(Session& session, const TokenOptions& o) {
  if (o.folder.empty()) {
    return show_list(
        session, "/v1/tokens", {"NAME", "TENANT", "SCOPES", "STATE", "ADDED", "EXPIRES"},
        [&](const http::Json& token) {
          return std::vector<std::string>{safe_member(token, "name"),
                                          safe_member(token, "tenant"),
                                          joined_scopes(token),
                                          state_of(session, token),
                                          age_member(token, "addedAt") + " ago",
                                          safe_member(token, "expiresAt")};
        },
        "no tokens: ghost token create NAME");
  }
  const auto book = wire::load_token_book({o.folder});
  if (!book) return fail_offline(book.error());
  print(book->print());
  return kPassed;
}

int run_token_revoke(Session& session, const TokenOptions& o) {
  const std::string done = "the token of " + safe_line(o.name) + " is revoked";
  if (o.folder.empty()) return send_change(session, "DELETE", token_path(o.name), nullptr, done);
  Status revoked = wire::change_token_book(
      {o.folder}, [&](wire::TokenBook& book) { return book.revoke(o.name, wall_now_ms()); });
  if (!revoked) return fail_offline(revoked.error());
  print(done + "\n");
  return kPassed;
}

int run_tenant_list(Session& session) {
  const auto limit = [](const http::Json& tenant, const char* key) {
    const std::string text = number_member(tenant, key);
    return text == "0" ? std::string("-") : text;
  };
  return show_list(
      session, "/v1/tenants", {"NAME", "UNFINISHED", "IN-FLIGHT", "CALLS/MIN", "PAYLOAD"},
      [&](const http::Json& tenant) {
        return std::vector<std::string>{
            safe_member(tenant, "name"), number_member(tenant, "unfinished"),
            limit(tenant, "inFlight"), limit(tenant, "rate"), limit(tenant, "payloadBytes")};
      },
      "no tenant has limits or jobs: ghost tenant set NAME");
}

int run_tenant_set(Session& session, const TenantOptions& o) {
  if (!o.rate && !o.in_flight && !o.payload_bytes) {
    return session.usage_error("expected --rate, --in-flight or --payload-bytes");
  }
  const std::string done = "tenant " + safe_line(o.name) + " is changed";
  if (o.folder.empty()) {
    http::JsonObject body;
    if (o.rate) body["rate"] = *o.rate;
    if (o.in_flight) body["inFlight"] = *o.in_flight;
    if (o.payload_bytes) body["payloadBytes"] = *o.payload_bytes;
    return send_change(session, "PATCH", "/v1/tenants/" + http::percent_encode(o.name),
                       std::move(body), done);
  }
  const wire::PatchTenant wanted{o.name, o.rate, o.in_flight, o.payload_bytes, ""};
  Status changed = wire::change_token_book({o.folder}, [&](wire::TokenBook& book) -> Status {
    const auto tenant = book.patch(wanted);
    return tenant ? ok_status() : Status(tenant.error());
  });
  if (!changed) return fail_offline(changed.error());
  print(done + "\n");
  return kPassed;
}

}  // namespace ghost::cli
