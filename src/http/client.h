// A small blocking HTTP/1.1 client (RFC 9112), with TLS for https, over one kept connection to one
// service: requests with whole answers, and answers read piece by piece as they come (server-sent
// events). For one thread. Owner of Beast on the client's side.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "http/url.h"

namespace ghost::http {

struct ClientOptions {
  int64_t connect_ms = 5'000;  // name lookup, TCP and TLS handshake
  int wake_fd = -1;            // readable: whatever is under way ends with code "stopping"
  size_t body_bytes_max = size_t{256} << 20;  // of a whole answer
  std::string ca_file;  // PEM of who may have signed the service's certificate; empty: the system's
  std::string token;    // bearer token, sent with every request; never in an error's text
  std::string user_agent = "ghost";
};

struct Request {
  std::string method = "GET";
  std::string target = "/";  // path and query below the base URL
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  int64_t idle_ms = 30'000;            // how long nothing may come, counted anew with every byte
  MonoMs until_ms = 0;                 // and never beyond this monotonic time; 0: no end
  std::function<void()> on_tick = {};  // called every tick_ms while the answer is awaited
  int64_t tick_ms = 200;
};

struct Response {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case; the last of a name
  std::string body;

  bool ok() const { return status >= 200 && status < 300; }
  const std::string& header(const std::string& name) const;  // empty when absent
};

// Errors: unavailable (no connection could be made, or the service is not who it should be),
// io_error (the connection broke before the answer was whole: whether the request was carried out
// is not known), timeout, stopping, too_large, bad_request (the answer is no HTTP).
class Client {
 public:
  explicit Client(BaseUrl base, ClientOptions options = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Reuses the connection. A request that met a connection which the server had closed meanwhile is
  // sent once more on a new one, when its method is GET, HEAD, PUT or DELETE.
  Result<Response> send(const Request& request);

  // Gives each piece of a 2xx answer's body to `on_piece` until the body ends or it returns false;
  // the body of any other answer is collected as by send(). The connection is closed afterwards.
  Result<Response> stream(const Request& request,
                          const std::function<bool(std::string_view)>& on_piece);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ghost::http
