// The client against a server that answers from a script over real loopback sockets.
#include "http/client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace ghost::http {
namespace {

// Takes connections one after another. For each, the next list of answers: after every request
// (read up to the end of its header and body) one answer is written; then it closes.
class Server {
 public:
  explicit Server(std::vector<std::vector<std::string>> script) : script_(std::move(script)) {
    fd_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in addr{};
    addr.sin_family = AF_INET;
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof addr;
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&addr), size), 0);
    EXPECT_EQ(listen(fd_, 8), 0);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&addr), &size);
    port_ = ntohs(addr.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~Server() {
    shutdown(fd_, SHUT_RDWR);
    thread_.join();
    close(fd_);
  }
  BaseUrl url() const { return {"127.0.0.1", std::to_string(port_), false, ""}; }
  std::vector<std::string> requests() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return requests_;
  }

 private:
  void serve() {
    for (const auto& answers : script_) {
      const int peer = accept(fd_, nullptr, nullptr);
      if (peer < 0) return;
      for (const std::string& answer : answers) {
        if (!read_request(peer)) break;
        (void)!write(peer, answer.data(), answer.size());
      }
      shutdown(peer, SHUT_WR);
      char rest[256];
      while (read(peer, rest, sizeof rest) > 0) {
      }
      close(peer);
    }
  }
  bool read_request(int peer) {
    std::string text;
    char c;
    size_t wanted = 0;
    while (wanted == 0 || text.size() < wanted) {
      if (read(peer, &c, 1) != 1) return false;
      text += c;
      if (wanted == 0 && text.ends_with("\r\n\r\n")) {
        const size_t at = text.find("Content-Length: ");
        wanted = text.size() + (at == std::string::npos ? 0 : std::stoul(text.substr(at + 16)));
      }
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    requests_.push_back(text);
    return true;
  }

  std::vector<std::vector<std::string>> script_;
  int fd_ = -1, port_ = 0;
  std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

std::string answer(const std::string& body, const std::string& more = "") {
  return "HTTP/1.1 200 OK\r\n" + more + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

TEST(HttpClient, KeepsItsConnectionAndSendsWhatWasAsked) {
  Server server({{answer("one", "X-Kind: a\r\n"), answer("two")}});
  ClientOptions options;
  options.token = "secret";
  Client client(server.url(), options);
  auto first = client.send(
      {.method = "POST", .target = "/v1/x?a=b", .headers = {{"X-Q", "1"}}, .body = "body"});
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->body, "one");
  EXPECT_EQ(first->header("x-kind"), "a");
  auto second = client.send({.target = "/two"});
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->body, "two");
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_TRUE(requests[0].starts_with("POST /v1/x?a=b HTTP/1.1\r\n"));
  EXPECT_TRUE(requests[0].ends_with("\r\n\r\nbody"));
  EXPECT_NE(requests[0].find("Authorization: Bearer secret\r\n"), std::string::npos);
}

TEST(HttpClient, RepeatsOnAConnectionThatTheServerClosedOnlyWhatMayBeRepeated) {
  Server server({{answer("one")}, {answer("two")}, {answer("three")}});
  Client client(server.url());
  EXPECT_TRUE(client.send({}));
  auto again = client.send({});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->body, "two");
  auto post = client.send({.method = "POST"});
  ASSERT_FALSE(post);
  EXPECT_EQ(post.error().code, "io_error");
  auto after = client.send({.method = "POST"});
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_EQ(after->body, "three");
}

TEST(HttpClient, ABrokenAnswerIsAnError) {
  Server server({{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"},
                 {"SSH-2.0-OpenSSH\r\n\r\n"},
                 {answer("far too long")}});
  ClientOptions options;
  options.body_bytes_max = 10;
  Client client(server.url(), options);
  EXPECT_EQ(client.send({}).error().code, "io_error");
  EXPECT_EQ(client.send({}).error().code, "bad_request");
  EXPECT_EQ(client.send({}).error().code, "too_large");
}

TEST(HttpClient, NobodyListens) {
  BaseUrl url;
  {
    Server server({});
    url = server.url();
  }
  Client client(url);
  const auto got = client.send({});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, "unavailable");
  EXPECT_NE(got.error().message.find(url.authority() + ": Connection refused"), std::string::npos);
}

TEST(HttpClient, SilenceEndsInATimeout) {
  const std::vector<std::string> silence{"", ""};
  Server server({silence});
  Client client(server.url());
  EXPECT_EQ(client.send({.idle_ms = 50}).error().code, "timeout");
}

TEST(HttpClient, AWakeEndsWhatIsUnderWay) {
  const std::vector<std::string> silence{"", ""};
  Server server({silence});
  int pipe_fds[2];
  ASSERT_EQ(pipe(pipe_fds), 0);
  ClientOptions options;
  options.wake_fd = pipe_fds[0];
  Client client(server.url(), options);
  std::thread waker([&] { (void)!write(pipe_fds[1], "x", 1); });
  EXPECT_EQ(client.send({}).error().code, "stopping");
  waker.join();
  close(pipe_fds[0]);
  close(pipe_fds[1]);
}

TEST(HttpClient, StreamsChunksAsTheyCome) {
  const std::string chunked =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
  Server server({{chunked},
                 {chunked},
                 {"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone"},
                 {chunked.substr(0, chunked.size() - 5)}});
  Client client(server.url());
  std::string text;
  auto collect = [&](std::string_view piece) {
    text += piece;
    return true;
  };
  auto got = client.stream({}, collect);
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(text, "hello world");
  EXPECT_TRUE(client.stream({}, [](std::string_view) { return false; }));
  text.clear();
  got = client.stream({}, collect);
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->status, 404);
  EXPECT_EQ(got->body, "none");
  EXPECT_EQ(text, "");
  got = client.stream({}, collect);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, "io_error");
  EXPECT_EQ(text, "hello world");
}

}  // namespace
}  // namespace ghost::http
