// Stored files of a job, streamed in slices: diff, mail, artifacts.
#include "base/log.h"
#include "relay/handlers.h"
#include "relay/job_json.h"
#include "relay/mbox.h"
#include "relay/query.h"

namespace ghost::relay {
namespace {

constexpr uint64_t kSliceBytes = 1 << 20;
constexpr uint64_t kMailBytesMax = 64 << 20;
constexpr int kSliceTriesMax = 5;
constexpr int64_t kSlicePauseMs = 1000;

struct ByteRange {
  uint64_t first, count;
};

struct RangeAsked {
  bool given = false;
  bool satisfiable = true;
  ByteRange range{0, 0};
};

std::optional<uint64_t> digits(std::string_view text) {
  if (text.empty() || text.size() > 18 || text.find_first_not_of("0123456789") != text.npos) {
    return std::nullopt;
  }
  return std::stoull(std::string(text));
}

// One range of bytes (RFC 9110, 14.2); anything else asks for the whole, as a server may take it.
RangeAsked read_range(const Request& request, uint64_t size) {
  const RangeAsked whole{false, true, {0, size}};
  const std::string* header = request.header("range");
  if (header == nullptr || request.header("if-range") != nullptr) return whole;
  std::string_view text = *header;
  if (!text.starts_with("bytes=") || text.find(',') != text.npos) return whole;
  text.remove_prefix(6);
  const size_t dash = text.find('-');
  if (dash == text.npos) return whole;
  const auto first = digits(text.substr(0, dash)), last = digits(text.substr(dash + 1));
  if (!first && !last) return whole;
  if (!first) {  // the last so many
    const uint64_t count = std::min(*last, size);
    return {true, count > 0, {size - count, count}};
  }
  if (last && *last < *first) return whole;
  if (*first >= size) return {true, false, {0, 0}};
  const uint64_t end = last ? std::min(*last + 1, size) : size;
  return {true, true, {*first, end - *first}};
}

struct Reading {
  Reading(RelayContext& c) : context(c) {}
  RelayContext& context;
  wire::GetBlob question;
  uint64_t left = 0;
};

// A slice, tried again while the broker is away.
Task<Answered<wire::BlobSlice>> read_slice(RelayContext& context, wire::GetBlob question) {
  for (int tries = 1;; ++tries) {
    Answered<wire::BlobSlice> slice = co_await context.link.ask<wire::BlobSlice>(question);
    if (slice.ok() && slice.payloads.size() != 1) {
      slice.value = Error{"internal", "the broker's answer does not fit", ""};
    }
    if (slice.ok() || slice.value.error().code != "unavailable" || context.stopping ||
        tries == kSliceTriesMax) {
      co_return slice;
    }
    co_await pause_ms(kSlicePauseMs);
  }
}

Task<void> stream_blob(std::shared_ptr<Reading> reading, BodySink& sink) {
  while (reading->left > 0) {
    reading->question.bytes_max = std::min(reading->left, kSliceBytes);
    Answered<wire::BlobSlice> slice = co_await read_slice(reading->context, reading->question);
    if (!slice.ok()) co_return;  // the connection ends short of the length
    const Blob bytes = slice.payloads[0];
    if (bytes->empty() || bytes->size() > reading->left) co_return;
    if (!co_await sink.write(*bytes)) co_return;
    reading->question.offset += bytes->size();
    reading->left -= bytes->size();
  }
}

Task<Response> blob_response(RelayContext& context, Request& request, std::string name,
                             std::string content_type) {
  if (Status s = named(request.params[0], "job"); !s) co_return problem_response(s.error());
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  auto reading = std::make_shared<Reading>(context);
  reading->question.tenant = request.tenant;
  reading->question.id = request.params[0];
  reading->question.name = std::move(name);
  reading->question.bytes_max = 1;  // its size and digest
  Answered<wire::BlobSlice> head = co_await read_slice(context, reading->question);
  if (!head.ok()) co_return head.problem();
  const uint64_t size = head.value->size;
  const std::string etag = head.value->sha256.empty() ? "" : "\"" + head.value->sha256 + "\"";
  const std::string* match = request.header("if-none-match");
  Response out;
  out.headers.emplace_back("Cache-Control", "no-cache");
  out.headers.emplace_back("Accept-Ranges", "bytes");
  if (!etag.empty()) out.headers.emplace_back("ETag", etag);
  if (match != nullptr && !etag.empty() && etag_matches(*match, etag)) {
    out.status = 304;
    co_return out;
  }
  const RangeAsked asked = read_range(request, size);
  if (!asked.satisfiable) {
    out = problem_response(
        {"range_not_satisfiable", "the file has " + std::to_string(size) + " bytes", "Range"});
    out.headers.emplace_back("Content-Range", "bytes */" + std::to_string(size));
    co_return out;
  }
  if (asked.given) {
    out.status = 206;
    out.headers.emplace_back("Content-Range",
                             "bytes " + std::to_string(asked.range.first) + "-" +
                                 std::to_string(asked.range.first + asked.range.count - 1) + "/" +
                                 std::to_string(size));
  }
  out.content_type = std::move(content_type);
  reading->question.offset = asked.range.first;
  reading->left = asked.range.count;
  out.stream_length = asked.range.count;
  out.stream = [reading](BodySink& sink) { return stream_blob(reading, sink); };
  co_return out;
}

// The whole of a stored file that is small enough to be held.
Task<Answered<wire::BlobSlice>> read_whole(RelayContext& context, std::string tenant,
                                           std::string id, std::string name) {
  wire::GetBlob question;
  question.tenant = std::move(tenant);
  question.id = std::move(id);
  question.name = std::move(name);
  question.bytes_max = kSliceBytes;
  std::string whole;
  for (;;) {
    question.offset = whole.size();
    Answered<wire::BlobSlice> slice = co_await read_slice(context, question);
    if (!slice.ok()) co_return slice;
    if (slice.value->size > kMailBytesMax) {
      slice.value = Error{"too_large", "the diff is too large for a mail; take /diff", ""};
      co_return slice;
    }
    whole += *slice.payloads[0];
    if (whole.size() >= slice.value->size || slice.payloads[0]->empty()) {
      slice.payloads[0] = make_blob(std::move(whole));
      co_return slice;
    }
  }
}

}  // namespace

Task<Response> get_diff(RelayContext& context, Request& request) {
  co_return co_await blob_response(context, request, "diff", "text/x-diff; charset=utf-8");
}

Task<Response> get_artifact(RelayContext& context, Request& request) {
  // A file made by a gate is never shown inside a page.
  Response out = co_await blob_response(context, request, "artifact:" + request.params[1],
                                        "application/octet-stream");
  if (out.status < 300) {
    const std::string& path = request.params[1];
    out.headers.emplace_back(
        "Content-Disposition",
        "attachment; filename*=UTF-8''" + http::percent_encode(path.substr(path.rfind('/') + 1)));
  }
  co_return out;
}

Task<Response> list_artifacts(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  if (Status s = named(request.params[0], "job"); !s) co_return problem_response(s.error());
  Answered<wire::Job> job = co_await fetch_job(context, request.tenant, request.params[0], 0, 0);
  if (!job.ok()) co_return job.problem();
  const http::Json document = document_of(job);
  const http::Json* items = http::find_member(document, "artifacts");
  co_return json_response(
      200, http::JsonObject{{"items", items == nullptr ? http::JsonArray() : *items}});
}

Task<Response> get_mbox(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  const std::string id = request.params[0];
  if (Status s = named(id, "job"); !s) co_return problem_response(s.error());
  Answered<wire::Job> job = co_await fetch_job(context, request.tenant, id, 0, 0);
  if (!job.ok()) co_return job.problem();
  Answered<wire::BlobSlice> diff = co_await read_whole(context, request.tenant, id, "diff");
  if (!diff.ok()) co_return diff.problem();
  Answered<wire::BlobSlice> blob = co_await read_whole(context, request.tenant, id, "request");
  if (!blob.ok()) co_return blob.problem();
  const Result<wire::PatchRequest> asked = wire::decode<wire::PatchRequest>(*blob.payloads[0]);
  if (!asked) co_return problem_response({"internal", "the stored request cannot be read", ""});

  Mail mail;
  mail.author_name = "Ghost";
  mail.author_email = "ghost@localhost";
  mail.message = asked->description.value_or("Result of job " + id);
  if (asked->on_success && asked->on_success->commit) {
    const wire::CommitSpec& commit = *asked->on_success->commit;
    if (commit.message && !commit.message->empty()) mail.message = *commit.message;
    if (commit.author) {
      mail.author_name = commit.author->name;
      mail.author_email = commit.author->email;
    }
  }
  const http::Json document = document_of(job);
  if (const http::Json* result = http::find_member(document, "result")) {
    mail.commit = http::get_string(*result, "commitOid");
  }
  mail.date = job.value->job.timestamps.accepted;
  mail.diff = *diff.payloads[0];
  Response out;
  out.content_type = "application/mbox";
  out.headers.emplace_back("Content-Disposition", "attachment; filename=\"" + id + ".mbox\"");
  out.body = make_mail(mail);
  co_return out;
}

}  // namespace ghost::relay
