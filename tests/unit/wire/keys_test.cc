#include "wire/keys.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/fs.h"
#include "wire/key_book.h"
#include "wire/zap.h"

namespace ghost::wire {
namespace {

struct Scratch {
  Scratch() {
    char name[] = "/tmp/ghost-keys-XXXXXX";
    path = mkdtemp(name);
  }
  ~Scratch() { std::filesystem::remove_all(path); }
  std::string path;
};

TEST(Keys, APairIsMadeAndFoundAgainFromItsSecret) {
  const KeyPair pair = make_key_pair();
  ASSERT_TRUE(is_key(pair.public_key) && is_key(pair.secret_key));
  const Result<KeyPair> again = key_pair_of(pair.secret_key);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->public_key, pair.public_key);
  EXPECT_NE(make_key_pair().secret_key, pair.secret_key);
  EXPECT_FALSE(key_pair_of("12").ok());
  EXPECT_FALSE(key_pair_of(std::string(64, 'G')).ok());
}

TEST(Keys, AMembershipIsOneLine) {
  const Membership m{KeyRole::kRunner, "host-7", make_key_pair().secret_key,
                     make_key_pair().public_key, "tcp://broker.example.org:5052"};
  const auto read = parse_membership(" " + print_membership(m) + "\n");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(*read, m);
}

TEST(Keys, AWrongMembershipIsRefusedWithoutTellingIt) {
  const std::string good = print_membership(
      {KeyRole::kRunner, "h", std::string(64, 'a'), std::string(64, 'b'), "tcp://127.0.0.1:1"});
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"ghost1", "ghost2"},
                                                        {"runner", "king"},
                                                        {"/h/", "/../"},
                                                        {"tcp://", "ipc://"},
                                                        {"aaaa", "aa"},
                                                        {"bbbb", "bbbx"},
                                                        {"/tcp:", "tcp:"}}) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    const auto read = parse_membership(text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.error().code, "bad_config");
    EXPECT_EQ(read.error().message.find("aaaaaaaa"), std::string::npos) << read.error().message;
  }
  EXPECT_FALSE(parse_membership("").ok());
  EXPECT_FALSE(parse_membership(std::string(10000, 'x')).ok());
}

TEST(Keys, AFileThatOthersMayReadIsRefused) {
  Scratch scratch;
  const std::string path = scratch.path + "/join";
  const std::string text = print_membership(
      {KeyRole::kRelay, "r", std::string(64, 'a'), std::string(64, 'b'), "tcp://h:1"});
  ASSERT_TRUE(write_secret_file(path, text).ok());
  EXPECT_TRUE(load_membership("@" + path).ok());
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  const auto refused = load_membership("@" + path);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "bad_config");
  EXPECT_FALSE(load_membership("@" + scratch.path + "/none").ok());
}

TEST(KeyBook, IsReadAsItWasPrinted) {
  KeyBook book;
  ASSERT_TRUE(book.add({KeyRole::kRunner, "a", std::string(64, '1'), "default", 1000, {}}).ok());
  ASSERT_TRUE(book.add({KeyRole::kClient, "b", std::string(64, '2'), "blue", 2000, {}}).ok());
  ASSERT_TRUE(book.revoke("a", 3000).ok());
  const auto again = KeyBook::parse(book.print(), "book");
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->keys(), book.keys());
}

TEST(KeyBook, ANameIsHeldByOneKeyUntilItIsRevoked) {
  KeyBook book;
  ASSERT_TRUE(book.add({KeyRole::kRunner, "a", std::string(64, '1'), "default", 1, {}}).ok());
  EXPECT_EQ(book.add({KeyRole::kRelay, "a", std::string(64, '2'), "default", 1, {}}).error().code,
            "conflict");
  EXPECT_EQ(book.add({KeyRole::kRelay, "b", std::string(64, '1'), "default", 1, {}}).error().code,
            "conflict");
  ASSERT_TRUE(book.revoke("a", 2).ok());
  EXPECT_EQ(book.revoke("a", 3).error().code, "not_found");
  EXPECT_TRUE(book.add({KeyRole::kRelay, "a", std::string(64, '2'), "default", 1, {}}).ok());
  // A revoked key stays known: it never comes back.
  EXPECT_EQ(book.add({KeyRole::kRelay, "c", std::string(64, '1'), "default", 1, {}}).error().code,
            "conflict");
}

TEST(KeyBook, AFaultyLineIsNamed) {
  for (const char* line : {"king a 1", "runner .. 1", "runner a 12", "runner a"}) {
    const auto read = KeyBook::parse("# one\n" + std::string(line) + "\n", "keys/authorized");
    ASSERT_FALSE(read.ok()) << line;
    EXPECT_NE(read.error().message.find("keys/authorized, line 2"), std::string::npos);
  }
}

// A ROUTER with keys, its ZAP handler and peers, all in this thread.
class CurveTest : public testing::Test {
 protected:
  CurveTest()
      : zap_(std::move(*ZapHandler::open(context_))),
        router_(context_, Socket::Type::kRouter, options()),
        endpoint_(*router_.bind("tcp://127.0.0.1:*", broker_.secret_key)) {}

  static SocketOptions options() {
    SocketOptions out;
    out.zap_domain = "runners";
    return out;
  }

  // What the router has heard once it heard something; nothing once a connection was refused.
  std::optional<Incoming> hear(Socket* refusals = nullptr) {
    for (int turn = 0; turn < 500; ++turn) {
      std::vector<PollItem> items{{&zap_.socket()}, {&router_}};
      if (refusals != nullptr) items.push_back({refusals});
      poll(items, 20);
      zap_.answer(10, [&](const ZapRequest& r) {
        asked_.push_back(r);
        const bool accepted = r.public_key == accepted_.public_key || r.public_key.empty();
        if (!accepted) ++refused_;
        return accepted;
      });
      if (refused_ > 0) return std::nullopt;
      if (auto in = router_.receive()) return in;
      if (refusals != nullptr && router_.watched().receive()) return std::nullopt;
    }
    ADD_FAILURE() << "nothing came in 10 s";
    return std::nullopt;
  }

  static Frames hello() { return pack(1, Hello{"x"}); }

  Context context_;
  const KeyPair broker_ = make_key_pair(), accepted_ = make_key_pair();
  ZapHandler zap_;
  Socket router_;
  std::string endpoint_;
  std::vector<ZapRequest> asked_;
  int refused_ = 0;  // by this handler
};

TEST_F(CurveTest, WhoIsAcceptedIsKnownByItsKey) {
  Socket peer(context_, Socket::Type::kDealer);
  const ClientKeys keys{accepted_.secret_key, broker_.public_key};
  ASSERT_TRUE(peer.connect(endpoint_, &keys).ok());
  peer.send("", hello());
  const auto in = hear();
  ASSERT_TRUE(in.has_value());
  EXPECT_EQ(in->user, accepted_.public_key);
  ASSERT_FALSE(asked_.empty());
  EXPECT_EQ(asked_[0].domain, "runners");
  EXPECT_EQ(asked_[0].address, "127.0.0.1");
}

TEST_F(CurveTest, AnUnknownKeyAndAWrongBrokerKeyAndPlainTextGetNoWordThrough) {
  ASSERT_TRUE(router_.watch_refusals(context_).ok());
  const ClientKeys stranger{make_key_pair().secret_key, broker_.public_key};
  const ClientKeys misled{accepted_.secret_key, make_key_pair().public_key};
  for (const ClientKeys* keys : {&stranger, &misled, static_cast<const ClientKeys*>(nullptr)}) {
    Socket peer(context_, Socket::Type::kDealer);
    ASSERT_TRUE(peer.connect(endpoint_, keys).ok());
    peer.send("", hello());
    EXPECT_FALSE(hear(&router_.watched()).has_value());
    EXPECT_EQ(refused_, keys == &stranger ? 1 : 0);
    refused_ = 0;
    while (router_.watched().receive()) {
    }
  }
}

TEST_F(CurveTest, OneSocketHasAddressesWithAndWithoutKeys) {
  const std::string plain = *router_.bind("tcp://127.0.0.1:*");
  Socket peer(context_, Socket::Type::kDealer);
  ASSERT_TRUE(peer.connect(plain).ok());
  peer.send("", hello());
  auto in = hear();
  ASSERT_TRUE(in.has_value());
  EXPECT_EQ(in->user, "");
  // A new key at a second address, as when the broker's key is changed.
  const KeyPair next = make_key_pair();
  const std::string second = *router_.bind("tcp://127.0.0.1:*", next.secret_key);
  for (const auto& [endpoint, key] : {std::pair(second, next), {endpoint_, broker_}}) {
    Socket other(context_, Socket::Type::kDealer);
    const ClientKeys keys{accepted_.secret_key, key.public_key};
    ASSERT_TRUE(other.connect(endpoint, &keys).ok());
    other.send("", hello());
    in = hear();
    ASSERT_TRUE(in.has_value());
    EXPECT_EQ(in->user, accepted_.public_key);
  }
}

}  // namespace
}  // namespace ghost::wire
