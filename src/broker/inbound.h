// From a peer's message to what it means: a request for the core, a retry, or a read. Decides who
// may say what and how many payload frames belong to it. Pure.
#pragma once

#include <variant>

#include "broker/types.h"
#include "wire/envelope.h"

namespace ghost::broker {

// Requests that change nothing: answered from store and core after the commit of their turn.
using ReadRequest =
    std::variant<wire::Hello, wire::GetJob, wire::ListJobs, wire::GetEvents, wire::GetBlob,
                 wire::ListInstances, wire::ListRunners, wire::ListRepos, wire::ListLanes,
                 wire::GetStats, wire::GetDemand, wire::ListAudit>;

// About the keys that the broker accepts: answered by the shell, which keeps their book.
using KeyRequest = std::variant<wire::ListKeys, wire::PutKey, wire::RevokeKey>;

// About bearer tokens and tenants: answered by the shell, which keeps their book.
using TokenRequest = std::variant<wire::CheckTokens, wire::ListTokens, wire::PutToken,
                                  wire::RevokeToken, wire::ListTenants, wire::PatchTenant>;

// About backups: answered by the shell, which makes them.
using BackupRequest = std::variant<wire::MakeBackup, wire::GetBackup>;

using Inbound = std::variant<ClientRequest, RunnerRequest, wire::RetryJob, ReadRequest, KeyRequest,
                             TokenRequest, BackupRequest>;

// Error codes: unknown_kind; forbidden (a kind of the other socket, or of the broker's own);
// bad_request (payload frames do not fit); those of the body.
Result<Inbound> decode_inbound(Side side, const wire::Message& message);

}  // namespace ghost::broker
