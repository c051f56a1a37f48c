#include "cli/up.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <iostream>
#include <thread>

#include "base/fs.h"
#include "base/options.h"
#include "cli/supervisor.h"
#include "cli/text.h"

namespace ghost::cli {
namespace {

struct UpOptions {
  std::string data = "./ghost-data";
  std::string http = "127.0.0.1:5050";
  std::string store = "sqlite";
  std::map<std::string, std::string> labels;
  int64_t runners = 2;
  int64_t slots = 0;
  int64_t lease_ms = 15'000;
  int64_t drain_ms = 10'000;
  std::string host;  // of http
  int port = 0;
  std::string config;  // --config is also for the children
};

// Whether a TCP server could listen there now; errno is set when not.
bool can_listen(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    errno = EADDRNOTAVAIL;
    return false;
  }
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  bool good = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
              bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, 1) == 0;
  const int code = errno;
  if (fd >= 0) close(fd);
  freeaddrinfo(found);
  errno = code;
  return good;
}

Status split_address(UpOptions* o) {
  std::string_view text = o->http;
  if (text.starts_with("http://")) text.remove_prefix(7);
  const size_t colon = text.rfind(':');
  const std::string port(colon == std::string_view::npos ? text : text.substr(colon + 1));
  char* end = nullptr;
  const long number = std::strtol(port.c_str(), &end, 10);
  if (port.empty() || *end != '\0' || number < 0 || number > 65535) {
    return Error{"bad_config", "--http: expected HOST:PORT, got \"" + o->http + "\"", ""};
  }
  o->host = colon == std::string_view::npos ? "127.0.0.1" : text.substr(0, colon);
  if (o->host.size() > 1 && o->host.front() == '[') o->host = o->host.substr(1, o->host.size() - 2);
  if (o->host.empty()) o->host = "127.0.0.1";
  o->port = static_cast<int>(number);
  return ok_status();
}

Status validate(UpOptions* o) {
  if (o->data.empty()) return Error{"bad_config", "--data: expected a folder", ""};
  if (o->store != "sqlite" && o->store != "memory") {
    return Error{"bad_config", "--store: expected sqlite or memory, got \"" + o->store + "\"", ""};
  }
  return split_address(o);
}

std::string joined(const std::string& host, int port) {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

// One slot a processor in all, unless --slots says otherwise.
int64_t slots_of_runner(const UpOptions& o) {
  if (o.slots > 0) return o.slots;
  const int64_t cores = std::max(1u, std::thread::hardware_concurrency());
  return std::max<int64_t>(1, cores / o.runners);
}

class Farm {
 public:
  explicit Farm(UpOptions options)
      : o_(std::move(options)), supervisor_({.stop_ms = o_.drain_ms}, [](const std::string& line) {
          std::cerr << "ghost up: " << line << std::endl;
        }) {}

  Status start();
  void announce() const;
  void serve() {
    supervisor_.run_until_stopped();
    std::cout << "stopping; what runs may finish for " << show_ms(o_.drain_ms)
              << ", another Ctrl-C ends it at once" << std::endl;
    supervisor_.stop_all();
    std::cout << "stopped" << std::endl;
  }
  void abandon() { supervisor_.stop_all(); }

 private:
  ChildSpec child(const std::string& name, const std::string& program, int stage) const;
  Status start_broker();
  Status start_relay();
  Status start_runner(int64_t n);
  Status lock_data();
  std::string fact(const std::string& child, const char* name) const;

  UpOptions o_;
  Supervisor supervisor_;
  std::map<std::string, std::string> programs_;
  std::string clients_, runners_, url_;  // real endpoints
  int lock_fd_ = -1;                     // held until the process ends
};

// Two farms in one folder would fight over logs and runners' folders before the broker's own lock
// shows them.
Status Farm::lock_data() {
  for (const char* folder : {"", "/log"}) {
    if (Status made = make_dirs(o_.data + folder); !made) return made;
  }
  o_.data = std::filesystem::absolute(o_.data).lexically_normal().string();
  if (o_.data.size() > 1 && o_.data.back() == '/') o_.data.pop_back();
  lock_fd_ = open(o_.data.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock_fd_ < 0 || flock(lock_fd_, LOCK_EX | LOCK_NB) != 0) {
    return Error{
        "io_error",
        "another `ghost up` runs on " + o_.data + "; stop it, or choose another folder with --data",
        ""};
  }
  return ok_status();
}

ChildSpec Farm::child(const std::string& name, const std::string& program, int stage) const {
  ChildSpec spec;
  spec.name = name;
  spec.argv = {programs_.at(program)};
  spec.log_path = o_.data + "/log/" + name + ".log";
  spec.stop_stage = stage;
  // Broker and relay leave in good order; a runner would first finish what it runs, which nobody
  // waits for any more.
  spec.death_signal = stage == 0 ? SIGKILL : SIGTERM;
  if (!o_.config.empty()) spec.argv.insert(spec.argv.end(), {"--config", o_.config});
  return spec;
}

std::string Farm::fact(const std::string& name, const char* key) const {
  const auto& facts = supervisor_.facts(name);
  const auto at = facts.find(key);
  return at == facts.end() ? "" : at->second;
}

Status Farm::start() {
  for (const char* name : {"ghost-broker", "ghost-relay", "ghost-runner"}) {
    auto found = find_program(name);
    if (!found) return found.error();
    programs_[name] = *found;
  }
  if (o_.port != 0 && !can_listen(o_.host, o_.port)) {
    const std::string why =
        errno == EADDRINUSE ? "the port is in use, perhaps by another farm" : std::strerror(errno);
    return Error{"io_error",
                 "cannot listen on " + joined(o_.host, o_.port) + ": " + why +
                     "; choose another one with --http HOST:PORT (port 0 takes a free one)",
                 ""};
  }
  if (Status locked = lock_data(); !locked) return locked;
  if (Status started = start_broker(); !started) return started;
  if (Status started = start_relay(); !started) return started;
  for (int64_t n = 1; n <= o_.runners; ++n) {
    if (Status started = start_runner(n); !started) return started;
  }
  if (Status ready = supervisor_.wait_ready(); !ready) return ready;
  url_ = fact("relay", "X_GHOST_HTTP");
  if (url_.empty()) {
    return Error{"io_error", "the relay did not tell its address (X_GHOST_HTTP)", ""};
  }
  // A restarted relay must be found where the first one was.
  auto argv = child("relay", "ghost-relay", 1).argv;
  argv.insert(argv.end(), {"--http", url_.substr(url_.find("://") + 3), "--broker", clients_});
  supervisor_.set_argv("relay", argv);
  return ok_status();
}

Status Farm::start_broker() {
  auto spec = child("broker", "ghost-broker", 2);
  auto argv_with = [&](const std::string& clients, const std::string& runners) {
    auto argv = spec.argv;
    argv.insert(argv.end(),
                {"--data", o_.data + "/broker", "--store", o_.store, "--clients", clients,
                 "--runners", runners, "--lease-ms", std::to_string(o_.lease_ms)});
    return argv;
  };
  auto endpoint = [&](int distance) {
    const int port = o_.port + distance;
    const bool follow = o_.port != 0 && port <= 65535 && can_listen("127.0.0.1", port);
    return "tcp://" + joined("127.0.0.1", follow ? port : 0);
  };
  ChildSpec first = spec;
  first.argv = argv_with(endpoint(1), endpoint(2));
  if (Status started = supervisor_.start(first); !started) return started;
  if (Status ready = supervisor_.wait_ready(); !ready) return ready;
  clients_ = fact("broker", "X_GHOST_CLIENTS");
  runners_ = fact("broker", "X_GHOST_RUNNERS");
  if (clients_.empty() || runners_.empty()) {
    return Error{"io_error",
                 "the broker did not tell its addresses (X_GHOST_CLIENTS, X_GHOST_RUNNERS)", ""};
  }
  supervisor_.set_argv("broker", argv_with(clients_, runners_));
  return ok_status();
}

Status Farm::start_relay() {
  auto spec = child("relay", "ghost-relay", 1);
  spec.argv.insert(spec.argv.end(), {"--http", joined(o_.host, o_.port), "--broker", clients_});
  return supervisor_.start(std::move(spec));
}

Status Farm::start_runner(int64_t n) {
  const std::string name = "runner-" + std::to_string(n);
  auto spec = child(name, "ghost-runner", 0);
  spec.argv.insert(spec.argv.end(), {"--broker", runners_, "--data", o_.data + "/" + name, "--name",
                                     name, "--slots", std::to_string(slots_of_runner(o_))});
  for (const auto& [key, value] : o_.labels) {
    spec.argv.insert(spec.argv.end(), {"--label", key + "=" + value});
  }
  return supervisor_.start(std::move(spec));
}

void Farm::announce() const {
  const int64_t slots = slots_of_runner(o_);
  std::cout << "broker   " << clients_ << " (clients), " << runners_ << " (runners)\n"
            << "relay    " << url_ << "\n"
            << "runners  " << o_.runners << (o_.runners == 1 ? " runner" : " runners") << " with "
            << slots << (slots == 1 ? " slot" : " slots") << (o_.runners == 1 ? "" : " each")
            << "\n"
            << "data     " << o_.data << "\n"
            << "logs     " << o_.data << "/log/*.log\n\n"
            << "Try:     curl -s " << url_ << "/v1/runners\n"
            << "         export GHOST_URL=" << url_ << "\n"
            << "         ghost repo add NAME URL; git diff | ghost submit - --repo NAME --wait\n"
            << "Ctrl-C stops all of it.\n\n"
            << "ready " << url_ << std::endl;
}

constexpr const char* kAbout =
    "Starts a broker, a relay and runners on this machine and keeps them running";

void declare(OptionSet& set, UpOptions* o) {
  set.add("data", &o->data, "Folder for everything that the farm keeps");
  set.add("http", &o->http, "Address of the relay, HOST:PORT; the broker takes the next two ports");
  set.add("runners", &o->runners, "Number of runners", 1, 256);
  set.add("slots", &o->slots, "Slots a runner; 0: the processors shared among the runners", 0,
          1024);
  set.add("label", &o->labels, "Labels of the runners, key=value");
  set.add("lease-ms", &o->lease_ms, "Lease of a job, milliseconds", 100, 3'600'000);
  set.add("store", &o->store, "sqlite (durable) or memory");
  set.add("drain-ms", &o->drain_ms, "How long a stop waits for running jobs, milliseconds", 0,
          86'400'000);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> up_options() {
  UpOptions o;
  OptionSet set("ghost up", "up", kAbout);
  declare(set, &o);
  auto out = set.described();
  out.emplace_back("config", "TOML file to read options from");
  out.emplace_back("check-config", "Validate the options, print them and exit");
  out.emplace_back("help", "Print the options and exit");
  return out;
}

int run_up(int argc, char** argv) {
  UpOptions o;
  OptionSet set("ghost up", "up", kAbout);
  declare(set, &o);
  set.set_validator([&o] { return validate(&o); });
  if (set.parse(argc, argv) == OptionSet::Outcome::kExit) return set.exit_code();
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    if (arg == "--config" && i + 1 < argc) o.config = argv[i + 1];
    if (arg.starts_with("--config=")) o.config = arg.substr(9);
  }
  if (!o.config.empty()) o.config = std::filesystem::absolute(o.config).string();

  Farm farm(std::move(o));
  if (Status started = farm.start(); !started) {
    farm.abandon();
    if (started.error().code == "stopping") return 0;
    std::cerr << "ghost up: " << started.error().message << std::endl;
    return 1;
  }
  farm.announce();
  farm.serve();
  return 0;
}

}  // namespace ghost::cli
