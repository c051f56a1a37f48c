// Secrets of gates: the file that holds them, and that output shows none of them however it comes.
#include "runner_worker/secrets.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <random>

namespace ghost::runner {
namespace {

std::string masked(const std::vector<std::string>& secrets,
                   const std::vector<std::string>& pieces) {
  Masker masker(secrets);
  std::string out;
  for (const std::string& piece : pieces) out += masker.feed(piece);
  return out + masker.finish();
}

TEST(MaskerTest, ASecretAcrossPiecesIsMasked) {
  EXPECT_EQ(masked({"topsecret"}, {"a top", "sec", "", "ret b"}), "a *** b");
  EXPECT_EQ(masked({"topsecret"}, {"a topsec", "urity"}), "a topsecurity");
  EXPECT_EQ(masked({"topsecret"}, {"topsecre"}), "topsecre");
  EXPECT_EQ(masked({"abab"}, {"ababab", "ab"}), "******");
  EXPECT_EQ(masked({"ab", "abcd"}, {"abc", "d ab", "ce"}), "*** ***ce");
  EXPECT_EQ(masked({""}, {"x"}), "x");
}

TEST(MaskerTest, EachLineOfALongSecretIsOne) {
  const std::string key = "-----BEGIN\nabcdefghij\nklmnopqrst\n-----END";
  EXPECT_EQ(masked({key}, {"  klmno", "pqrst\n2: abcdefghij\n"}), "  ***\n2: ***\n");
}

// Whatever the pieces, the same is shown, and no secret is in it.
TEST(MaskerTest, PiecesMakeNoDifference) {
  const std::vector<std::string> secrets = {"aab", "abab", "ba\nab", "bbbb", "aabb-aabb"};
  for (unsigned seed = 1; seed <= 300; ++seed) {
    std::mt19937 random(seed);
    std::string text;
    for (int i = 0; i < 300; ++i) {
      if (random() % 8 == 0) {
        text += secrets[random() % secrets.size()];
      } else {
        text += "ab-\n"[random() % 4];
      }
    }
    std::vector<std::string> pieces;
    for (size_t at = 0; at < text.size();) {
      const size_t size = 1 + random() % 12;
      pieces.push_back(text.substr(at, size));
      at += size;
    }
    const std::string shown = masked(secrets, pieces);
    ASSERT_EQ(shown, masked(secrets, {text})) << "seed " << seed;
    for (const std::string& secret : secrets) {
      ASSERT_EQ(shown.find(secret), std::string::npos) << "seed " << seed;
    }
  }
}

TEST(SecretsFileTest, IsItsOwnersAloneAndNamesBadLinesByNumber) {
  std::string name = (std::filesystem::temp_directory_path() / "ghost-secrets-XXXXXX").string();
  const std::string file = std::string(mkdtemp(name.data())) + "/secrets";
  const auto write = [&](const std::string& text) {
    std::ofstream(file) << text;
    ASSERT_EQ(chmod(file.c_str(), 0600), 0);
  };
  write("# all of them\n\nA=one two\nKEY=\"x\\ny\\\"z\\\\\"\r\nEMPTY=\n");
  const auto read = read_secrets(file);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(*read, (std::map<std::string, std::string>{
                       {"A", "one two"}, {"KEY", "x\ny\"z\\"}, {"EMPTY", ""}}));
  for (const mode_t mode : {0640, 0604, 0660, 0602}) {
    ASSERT_EQ(chmod(file.c_str(), mode), 0);
    EXPECT_NE(read_secrets(file).error().message.find("chmod 600"), std::string::npos);
  }
  write("A=one\nnotaline-s3cret\n");
  EXPECT_NE(read_secrets(file).error().message.find("line 2"), std::string::npos);
  EXPECT_EQ(read_secrets(file).error().message.find("s3cret"), std::string::npos);
  EXPECT_FALSE(read_secrets(file + ".none").ok());
  if (geteuid() == 0) {
    write("A=one\n");
    ASSERT_EQ(chown(file.c_str(), 12345, 12345), 0);
    EXPECT_NE(read_secrets(file).error().message.find("owner"), std::string::npos);
  }
  std::filesystem::remove_all(name);
}

}  // namespace
}  // namespace ghost::runner
