// The token book: what is kept of a token, and that nothing secret is said of a bad file.
#include "wire/token_book.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/bytes.h"
#include "base/fs.h"

namespace ghost::wire {
namespace {

BearerToken token(const std::string& name, const MintedToken& minted) {
  BearerToken out;
  out.id = minted.id;
  out.name = name;
  out.tenant = "blue";
  out.scopes = {Scope::kSubmit, Scope::kRead};
  out.sha256 = token_digest(minted.text);
  out.added_at = 1'000;
  return out;
}

TEST(TokenBookTest, ATokenIsFoundByItsPublicPartAndNothingElseIsKept) {
  const MintedToken minted = mint_token();
  EXPECT_EQ(token_id(minted.text), minted.id);
  EXPECT_NE(mint_token().text, minted.text);
  TokenBook book;
  ASSERT_TRUE(book.add(token("ci", minted)).ok());
  EXPECT_EQ(book.find(minted.id)->sha256, sha256_hex(minted.text));
  const std::string secret = minted.text.substr(minted.text.rfind('_') + 1);
  EXPECT_EQ(book.print().find(secret), std::string::npos);
}

TEST(TokenBookTest, WhatIsNoTokenHasNoPublicPart) {
  const std::string good = mint_token().text;
  for (const std::string& bad :
       {std::string(), std::string("ghost_"), good.substr(1), good + "0", good.substr(0, 70),
        "Ghost" + good.substr(5), good.substr(0, 6) + "G" + good.substr(7)}) {
    EXPECT_EQ(token_id(bad), "") << bad;
  }
}

TEST(TokenBookTest, PrintedAndReadAgainItIsTheSame) {
  TokenBook book;
  BearerToken first = token("ci", mint_token());
  first.expires_at = 5'000;
  ASSERT_TRUE(book.add(first).ok());
  ASSERT_TRUE(book.add(token("ops", mint_token())).ok());
  ASSERT_TRUE(book.revoke("ops", 9'000).ok());
  ASSERT_TRUE(book.patch({"blue", 60, {}, 4096, ""}).ok());
  ASSERT_TRUE(book.patch({"blue", {}, 7, {}, ""}).ok());
  const auto again = TokenBook::parse(book.print(), "tokens");
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->tokens(), book.tokens());
  EXPECT_EQ(again->tenants(), book.tenants());
  EXPECT_EQ(again->tenants(), (std::vector<Tenant>{{"blue", 60, 7, 4096, 0}}));
}

TEST(TokenBookTest, ANameIsGivenToOneTokenAtATime) {
  TokenBook book;
  const MintedToken minted = mint_token();
  ASSERT_TRUE(book.add(token("ci", minted)).ok());
  EXPECT_EQ(book.add(token("ci", mint_token())).error().code, "conflict");
  EXPECT_EQ(book.add(token("other", minted)).error().code, "conflict");
  ASSERT_TRUE(book.revoke("ci", 1).ok());
  EXPECT_EQ(book.revoke("ci", 2).error().code, "not_found");
  EXPECT_TRUE(book.add(token("ci", mint_token())).ok());
  BearerToken no_scopes = token("x", mint_token());
  no_scopes.scopes.clear();
  EXPECT_EQ(book.add(no_scopes).error().code, "bad_field");
}

TEST(TokenBookTest, ABadLineIsNamedByItsNumberAndNotByItsText) {
  const MintedToken minted = mint_token();
  // Somebody may have put the token itself where its digest belongs.
  const std::string text = "# tokens\ntoken ci " + minted.id + " " + minted.text + " tenant=blue\n";
  const auto book = TokenBook::parse(text, "tokens");
  ASSERT_FALSE(book.ok());
  EXPECT_EQ(book.error().code, "bad_config");
  EXPECT_NE(book.error().message.find("line 2"), std::string::npos);
  EXPECT_EQ(book.error().message.find(minted.text), std::string::npos);
  for (const char* line : {"token", "tenant", "tenant a rate=x", "tenant a rate=-1", "hello",
                           "tenant a speed=1", "token a b c"}) {
    EXPECT_FALSE(TokenBook::parse(line, "tokens").ok()) << line;
  }
}

TEST(TokenBookTest, TheFileIsItsOwnersAlone) {
  std::string name = (std::filesystem::temp_directory_path() / "ghost-book-XXXXXX").string();
  const KeyFolder folder{std::string(mkdtemp(name.data())) + "/keys"};
  EXPECT_TRUE(load_token_book(folder)->tokens().empty());
  ASSERT_TRUE(change_token_book(folder, [](TokenBook& book) {
                return book.add(token("ci", mint_token()));
              }).ok());
  struct stat info {};
  ASSERT_EQ(::stat(folder.tokens().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(::chmod(folder.tokens().c_str(), 0640), 0);
  EXPECT_NE(load_token_book(folder).error().message.find("chmod 600"), std::string::npos);
  std::filesystem::remove_all(name);
}

TEST(SecretTest, IsComparedAsAWhole) {
  EXPECT_TRUE(same_secret("abc", "abc"));
  EXPECT_FALSE(same_secret("abc", "abd"));
  EXPECT_FALSE(same_secret("abc", "ab"));
  EXPECT_FALSE(same_secret("", "a"));
}

TEST(SecretTest, IsWipedFromTheProcessList) {
  const std::string token = mint_token().text;
  const std::string join =
      "ghost1/relay/r/" + std::string(64, 'a') + "/" + std::string(64, 'b') + "/tcp://h:1";
  std::vector<std::string> arguments{
      "ghost",          "--token=" + token,   token,         "--join", join,
      "--join=" + join, "--data=ghost1-data", "ghost_runner"};
  const std::vector<std::string> kept{"ghost", "--join", "--data=ghost1-data", "ghost_runner"};
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  hide_secrets(static_cast<int>(argv.size()), argv.data());
  for (const std::string& argument : arguments) {
    EXPECT_EQ(argument.find(token.substr(10)), std::string::npos);
    EXPECT_EQ(argument.find(join.substr(20)), std::string::npos);
  }
  for (const std::string& argument : kept) {
    EXPECT_NE(std::find(arguments.begin(), arguments.end(), argument), arguments.end()) << argument;
  }
}

}  // namespace
}  // namespace ghost::wire
