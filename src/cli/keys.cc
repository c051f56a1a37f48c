// ghost keys: who may speak with a broker from another host. On the broker's own host the key
// folder is changed directly, so that the first key needs no farm that runs; elsewhere the relay is
// asked. A secret key is made here and shown once, as part of a join string.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>

#include "base/fs.h"
#include "base/ids.h"
#include "cli/commands.h"
#include "cli/tables.h"
#include "http/url.h"
#include "wire/key_book.h"

namespace ghost::cli {
namespace {

std::string key_path(const std::string& name) {
  return "/v1/keys/" + http::percent_encode(name);
}

// The public key of the broker whose folder this is.
Result<std::string> broker_key_of(const wire::KeyFolder& folder) {
  const auto key = wire::load_broker_key(folder.broker());
  if (!key) return key.error();
  if (!*key) {
    return Error{"not_found", "there is no key in " + folder.path + "; `ghost keys init` makes it",
                 ""};
  }
  return (*key)->pair.public_key;
}

struct Broker {
  std::string endpoint, key;
};

Result<Broker> add_to_folder(const KeysOptions& o, const wire::Key& key) {
  if (o.endpoint.empty()) {
    return Error{"bad_field", "--keys needs --endpoint too: where others reach the broker", ""};
  }
  const wire::KeyFolder folder{o.folder};
  Result<std::string> broker = broker_key_of(folder);
  if (!broker) return broker.error();
  Status added = wire::change_key_book(folder, [&](wire::KeyBook& book) { return book.add(key); });
  if (!added) return added.error();
  return Broker{o.endpoint, *broker};
}

Result<Broker> add_by_relay(Session& session, const KeysOptions& o, const wire::Key& key) {
  const auto keys = session.call("GET", "/v1/keys");
  if (!keys) return keys.error();
  const char* side = key.role == wire::KeyRole::kRunner ? "runners" : "clients";
  const http::Json* address = keys->is_object() ? keys->as_object().if_contains(side) : nullptr;
  if (address == nullptr || !address->is_object()) {
    return Error{"conflict",
                 "the broker has no address for " + std::string(side) +
                     " beyond its own host: start it with --" + side + " tcp://HOST:PORT",
                 ""};
  }
  const auto added = session.call("PUT", key_path(key.name),
                                  http::JsonObject{{"role", std::string(to_string(key.role))},
                                                   {"publicKey", key.public_key},
                                                   {"tenant", key.tenant}});
  if (!added) return added.error();
  return Broker{o.endpoint.empty() ? http::get_string(*address, "endpoint") : o.endpoint,
                http::get_string(*address, "brokerKey")};
}

// Three heartbeats of a runner, of which the first tells it where the next key is.
constexpr int64_t kMoveS = 15;

// Of a file, in seconds; one that is not there is of any age.
int64_t age_of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return kMoveS;
  return std::max<int64_t>((wall_now_ms() - info.st_mtim.tv_sec * 1000) / 1000, 0);
}

}  // namespace

int run_keys_init(const KeysOptions& o) {
  const wire::KeyFolder folder{o.folder};
  if (::access(folder.broker().c_str(), F_OK) == 0) {
    return fail_offline({"conflict", folder.broker() + " is there already", ""});
  }
  if (Status s = make_dirs(folder.path, 0700); !s) return fail_offline(s.error());
  const wire::KeyPair key = wire::make_key_pair();
  if (Status s = wire::save_broker_key(folder.broker(), {key, "", ""}); !s)
    return fail_offline(s.error());
  print(key.public_key + "\n");
  std::cerr << "the broker's key is in " << safe_line(folder.path)
            << "; start it with --clients and --runners tcp://ADDRESS:PORT\n";
  return kPassed;
}

int run_keys_add(Session& session, const KeysOptions& o) {
  const auto role = wire::parse_key_role(o.role);
  if (!role) return session.usage_error("expected runner, relay or client");
  if (!is_name(o.name)) return session.usage_error("not a name: " + safe_line(o.name));
  const wire::KeyPair pair = wire::make_key_pair();
  const wire::Key key{*role, o.name, pair.public_key, o.tenant, wall_now_ms(), {}};
  const auto broker = o.folder.empty() ? add_by_relay(session, o, key) : add_to_folder(o, key);
  if (!broker)
    return o.folder.empty() ? session.fail(broker.error()) : fail_offline(broker.error());
  const std::string join =
      wire::print_membership({*role, o.name, pair.secret_key, broker->key, broker->endpoint});
  if (session.json()) {
    print_json_document(http::JsonObject{
        {"name", o.name}, {"role", o.role}, {"publicKey", pair.public_key}, {"join", join}});
    return kPassed;
  }
  print(join + "\n");
  if (session.err_is_terminal()) {
    std::cerr << "this is secret and is not shown again; on its host: ghost-"
              << (*role == wire::KeyRole::kRunner ? "runner" : "relay") << " --join STRING\n";
  }
  return kPassed;
}

int run_keys_list(Session& session, const KeysOptions& o) {
  if (o.folder.empty()) {
    return show_list(
        session, "/v1/keys", {"NAME", "ROLE", "TENANT", "STATE", "ADDED", "KEY"},
        [&](const http::Json& k) {
          const bool revoked = !http::get_string(k, "revokedAt").empty();
          return std::vector<std::string>{safe_member(k, "name"),
                                          safe_member(k, "role"),
                                          safe_member(k, "tenant"),
                                          revoked ? session.out_style().red("revoked") : "accepted",
                                          age_member(k, "addedAt") + " ago",
                                          safe_member(k, "publicKey").substr(0, 16)};
        },
        "no keys: ghost keys add runner NAME");
  }
  const auto book = wire::load_key_book({o.folder});
  if (!book) return fail_offline(book.error());
  print(book->print());
  return kPassed;
}

int run_keys_revoke(Session& session, const KeysOptions& o) {
  if (o.folder.empty()) {
    return send_change(session, "DELETE", key_path(o.name), nullptr,
                       "the key of " + safe_line(o.name) + " is revoked");
  }
  Status revoked = wire::change_key_book(
      {o.folder}, [&](wire::KeyBook& book) { return book.revoke(o.name, wall_now_ms()); });
  if (!revoked) return fail_offline(revoked.error());
  print("the key of " + safe_line(o.name) + " is revoked\n");
  return kPassed;
}

int run_keys_rotate(const KeysOptions& o) {
  const wire::KeyFolder folder{o.folder};
  if (o.finish) {
    if (const int64_t age_s = age_of(folder.next_broker()); age_s < kMoveS && !o.force) {
      return fail_offline({"conflict",
                           "the next key is offered for " + std::to_string(age_s) +
                               " s: a member that has not moved to it is shut out, and may need " +
                               std::to_string(kMoveS) + " s; wait, or --force",
                           ""});
    }
    if (std::rename(folder.next_broker().c_str(), folder.broker().c_str()) != 0) {
      return fail_offline({"conflict", "there is no next key in " + folder.path, ""});
    }
    print("the next key is the broker's key\n");
    return kPassed;
  }
  if (o.clients.empty() && o.runners.empty()) {
    return usage_error("rotate needs --clients and --runners: second addresses for the next key",
                       false);
  }
  if (const auto present = broker_key_of(folder); !present) return fail_offline(present.error());
  const wire::KeyPair key = wire::make_key_pair();
  const wire::BrokerKey next{key, o.clients, o.runners};
  if (Status s = wire::save_broker_key(folder.next_broker(), next); !s) {
    return fail_offline(s.error());
  }
  print(key.public_key + "\n");
  std::cerr << "the broker offers it within a second and tells its peers; when all have moved "
               "(`ghost runners`): ghost keys rotate --finish\n";
  return kPassed;
}

}  // namespace ghost::cli
