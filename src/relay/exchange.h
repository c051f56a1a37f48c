// One HTTP request and its response, as the handlers see them: no socket, no Beast. Owned by the
// connection's coroutine; the loop's thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "http/json.h"
#include "http/url.h"

namespace ghost::relay {

// A coroutine on the loop.
template <typename T>
using Task = boost::asio::awaitable<T>;

struct Route;

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;
  std::string path;  // as received, without the query
  http::Target target;
  Headers headers;  // names in lower case
  bool http11 = true;
  bool keep_alive = true;
  std::optional<uint64_t> content_length;
  bool chunked = false;
  bool expect_continue = false;
  std::string body;
  std::string peer;                 // address of the client
  const Route* route = nullptr;     // set when it is admitted
  std::vector<std::string> params;  // what the route's {} stood for
  std::string actor;                // who asks, for the audit trail
  std::string tenant = "default";   // whose jobs
  std::string token_id;             // public part of the bearer token shown
  unsigned scopes = 0;              // bit by wire::Scope; 0: nobody yet
  MonoMs asked_from = INT64_MAX;    // what the broker was asked since then is known of the token

  // The first of that name (lower case), or null.
  const std::string* header(std::string_view name) const;
  size_t count(std::string_view name) const;
  std::string media_type() const;  // of Content-Type: lower case, without parameters
  bool accepts(std::string_view media_type) const;  // asked for it by name in Accept
};

// Where a handler writes a body that it makes piece by piece.
class BodySink {
 public:
  virtual ~BodySink() = default;
  // False: the client is gone or too slow, or the program stops; write no more. `bytes` must live
  // until it returns. Nothing is written for an empty piece.
  virtual Task<bool> write(std::string_view bytes) = 0;
  virtual bool stopping() const = 0;
  // What was written is not the whole: the connection breaks, so that nobody takes it for that.
  virtual void fail() = 0;
};

struct Response {
  int status = 200;
  Headers headers;
  std::string content_type;  // empty: none
  std::string body;
  // Instead of body: called once the headers are out.
  std::function<Task<void>(BodySink&)> stream;
  std::optional<uint64_t> stream_length;  // when it is known before
  bool close = false;                     // end the connection afterwards
  Error problem;                          // what it says, where it says what is wrong
};

Response json_response(int status, const http::Json& body);
Response json_text_response(int status, std::string body);
Response text_response(int status, std::string body);
Response empty_response(int status);
// Adds Retry-After where the code allows a repeat later.
Response problem_response(const Error& error, uint64_t retry_after_ms = 0);

}  // namespace ghost::relay
