// From what is posted to what the broker takes: JSON, bare patches, and the older block form.
#include "relay/submission.h"

#include <gtest/gtest.h>

#include "relay/block_form.h"

namespace ghost::relay {
namespace {

Result<wire::PatchRequest> read(const std::string& type, const http::Query& query,
                                const std::string& body, uint64_t bytes_max = 1 << 20) {
  Result<http::Json> json = request_json(type, query, body);
  if (!json) return json.error();
  return read_request(std::move(*json), {bytes_max});
}
std::string problem(const Result<wire::PatchRequest>& request) {
  return request ? "ok" : request.error().code + " " + request.error().field;
}
std::string json_problem(const std::string& body) {
  return problem(read("application/json", {}, body));
}

const std::string kDiff = "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1 +1 @@\n-x\n+y\n";

TEST(Submission, JsonIsReadAndMapped) {
  const auto r = read("Application/JSON; charset=\"UTF-8\"", {},
                      R"({"id":"j1","base":{"repo":"linux","ref":"main"},"priority":7,
                          "idempotencyKey":"k","lane":"fast","requires":{"os":"linux"},
                          "dependsOn":["a"],"maxAttempts":2,"deadline":"1970-01-01T00:00:05Z",
                          "patch":{"format":"unified","data":"ZGlmZg==","encoding":"base64"}})");
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->patch.data, "diff");
  const wire::Submission s = make_submission(*r, "t1", "hash");
  EXPECT_EQ(s.id, "j1");
  EXPECT_EQ(s.tenant, "t1");
  EXPECT_EQ(s.idempotency_key, "k");
  EXPECT_EQ(s.request_hash, "hash");
  EXPECT_EQ(s.lane, "fast");
  EXPECT_EQ(s.priority, 7u);
  EXPECT_EQ(s.repo, "linux");
  EXPECT_EQ(s.ref, "main");
  EXPECT_EQ(s.requires_.at("os"), "linux");
  EXPECT_EQ(s.depends_on, std::vector<std::string>{"a"});
  EXPECT_EQ(s.max_attempts, 2u);
  EXPECT_EQ(s.deadline_ms, 5000);
  EXPECT_EQ(s.not_before_ms, 0);
}

TEST(Submission, BodiesThatAreNone) {
  EXPECT_EQ(json_problem("{"), "bad_json ");
  EXPECT_EQ(json_problem("[]"), "bad_field ");
  EXPECT_EQ(json_problem("1"), "bad_field ");
  EXPECT_EQ(json_problem(R"({"base":{"repo":"r"},"wat":1})"), "unknown_field wat");
  EXPECT_EQ(json_problem(R"({"base":{"repo":"r"},"base":{"repo":"s"}})"), "bad_field base");
  EXPECT_EQ(
      json_problem(
          R"({"base":{"repo":"r"},"patch":{"format":"unified","data":"!","encoding":"base64"}})"),
      "bad_field patch.data");
  for (const char* type : {"", "text/plain", "application/jsonx", "text/x-diffy",
                           "application/json; charset=latin1"}) {
    EXPECT_EQ(problem(read(type, {}, "{}")), "unsupported_media_type ") << type;
  }
  EXPECT_EQ(problem(read("application/json", {{"repo", "r"}}, R"({"base":{"repo":"r"}})")),
            "unknown_field repo");
}

TEST(Submission, PayloadsAreBoundedAfterDecoding) {
  EXPECT_EQ(problem(read("text/x-diff", {{"repo", "r"}}, std::string(101, 'x'), 100)),
            "too_large patch.data");
  EXPECT_EQ(problem(read("text/x-diff", {{"repo", "r"}}, kDiff, kDiff.size())), "ok");
}

TEST(Submission, ABarePatchWithItsQuery) {
  const auto r = read("text/x-diff",
                      {{"repo", "r"},
                       {"ref", "main"},
                       {"gate", "make"},
                       {"gate", "make"},
                       {"precheck", "true"},
                       {"timeoutMs", "5000"},
                       {"label", "a=b=c"},
                       {"requires", "os=linux"},
                       {"dependsOn", "x"},
                       {"dependsOn", "y"},
                       {"branch", "b"},
                       {"message", "m"},
                       {"author", "Ann <a@x>"},
                       {"push", ""},
                       {"priority", "3"},
                       {"maxFuzz", "1"},
                       {"wallMs", "60000"}},
                      kDiff);
  ASSERT_TRUE(r) << r.error().message << r.error().field;
  EXPECT_EQ(r->patch.data, kDiff);
  EXPECT_EQ(r->labels.at("a"), "b=c");
  EXPECT_EQ(r->depends_on.size(), 2u);
  ASSERT_EQ(r->gates.size(), 3u);
  EXPECT_EQ(r->gates[0].name, "true");
  EXPECT_EQ(r->gates[1].name, "make");
  EXPECT_EQ(r->gates[2].name, "make #2") << "names of gates are unique";
  EXPECT_EQ(r->gates[2].timeout_ms, 5000u);
  EXPECT_EQ(r->on_success->commit->author->email, "a@x");
  EXPECT_EQ(r->priority, 3u);
}

TEST(Submission, QueriesThatAreRefused) {
  const auto with = [&](http::Query query) {
    query.insert(query.begin(), {"repo", "r"});
    return problem(read("text/x-patch", query, kDiff));
  };
  EXPECT_EQ(with({{"wat", "1"}}), "unknown_field wat");
  EXPECT_EQ(with({{"repo", "s"}}), "bad_field repo");
  EXPECT_EQ(with({{"base", "a"}, {"ref", "b"}}), "bad_field ref");
  EXPECT_EQ(with({{"label", "=x"}}), "bad_field label");
  EXPECT_EQ(with({{"author", ""}}), "bad_field author");
  EXPECT_EQ(with({{"author", "Ann"}}), "bad_field author");
  EXPECT_EQ(with({{"priority", "-1"}}), "bad_field priority");
  EXPECT_EQ(with({{"priority", "10"}}), "bad_field priority");
  EXPECT_EQ(with({{"push", "perhaps"}}), "bad_field onSuccess.push");
}

TEST(Submission, TheHashTellsTriplesApart) {
  EXPECT_EQ(request_hash("a", "b", "c"), request_hash("a", "b", "c"));
  EXPECT_NE(request_hash("ab", "", "c"), request_hash("a", "b", "c"));
  EXPECT_NE(request_hash("a", "bc", ""), request_hash("a", "b", "c"));
  EXPECT_NE(request_hash("a", "b", "c"), request_hash("a", "b", "c "));
}

TEST(BlockForm, ABlockBecomesARequest) {
  const auto r = read("application/json", {{"repo", "r"}, {"base", "main"}},
                      R"({"blockId":"b1","target":"kernel","version":3,"dependencies":["x"],
                          "preCommit":{"shell":["true"]},
                          "mutations":[{"path":"a.txt","contents":"aGk=","encoding":"base64"},
                                       {"path":"b.txt","contents":"x","insertAfter":"y"},
                                       {"target_file":"c.txt",
                                        "patch":{"pattern":"a","replacement":"b"}}],
                          "postMutationBuild":{"shell":["make"],"blockCommitOnError":false},
                          "validate":{"shell":["make test"]},
                          "final":{"git":{"commit":"done","tag":"v1"}}})");
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->id, "b1");
  EXPECT_EQ(r->labels.at("target"), "kernel");
  EXPECT_EQ(r->labels.at("version"), "3");
  EXPECT_EQ(r->depends_on, std::vector<std::string>{"x"});
  ASSERT_EQ(r->gates.size(), 3u);
  EXPECT_EQ(r->gates[0].name, "preCommit.shell[0]");
  EXPECT_FALSE(r->gates[0].allow_failure);
  EXPECT_TRUE(r->gates[1].allow_failure);
  ASSERT_EQ(r->patch.items.size(), 3u);
  EXPECT_EQ(r->patch.items[0].contents, "hi");
  EXPECT_EQ(r->patch.items[1].anchor->after, "y");
  EXPECT_EQ(r->patch.items[2].regex, "a");
  EXPECT_EQ(r->on_success->commit->message, "done");
  EXPECT_EQ(r->on_success->tag, "v1");
  EXPECT_TRUE(r->on_success->push);
}

TEST(BlockForm, ErrorsAreInTheClientsWords) {
  const auto block = [](const std::string& rest) {
    return problem(read("application/json", {{"repo", "r"}}, "{\"blockId\":\"b\"," + rest + "}"));
  };
  EXPECT_EQ(block(R"("wat":1)"), "unknown_field wat");
  EXPECT_EQ(block(R"("mutations":{})"), "bad_field mutations");
  EXPECT_EQ(block(R"("mutations":[1])"), "bad_field mutations[0]");
  EXPECT_EQ(block(R"("mutations":[{"path":"a","contents":"x","wat":1}])"),
            "unknown_field mutations[0].wat");
  EXPECT_EQ(block(R"("mutations":[{"target_file":"a","patch":{"pattern":"x","wat":1}}])"),
            "unknown_field mutations[0].patch.wat");
  EXPECT_EQ(block(R"("mutations":[{"path":"a","contents":"!","encoding":"base64"}])"),
            "bad_field mutations[0].contents");
  EXPECT_EQ(block(R"("preCommit":{"shell":"x"})"), "bad_field preCommit.shell");
  EXPECT_EQ(block(R"("preCommit":{"shell":[1]})"), "bad_field preCommit.shell[0]");
  EXPECT_EQ(block(R"("validate":{"run":[]})"), "unknown_field validate.run");
  EXPECT_EQ(block(R"("final":{"svn":{}})"), "unknown_field final.svn");
  EXPECT_EQ(block(R"("final":{"git":{"wat":1}})"), "unknown_field final.git.wat");
  EXPECT_EQ(block(R"("onSuccess":{})"), "bad_field onSuccess");
  EXPECT_EQ(block(R"("blockCommitOnError":"no")"), "bad_field blockCommitOnError");
  EXPECT_EQ(block(R"("dependencies":"x")"), "bad_field dependencies");
  EXPECT_EQ(problem(read("application/json", {{"repo", "r"}, {"lane", "a"}},
                         R"({"blockId":"b","lane":"b"})")),
            "bad_field lane");
  EXPECT_EQ(problem(read("application/json", {{"repo", "r"}}, R"({"blockId":7})")),
            "bad_field blockId");
}

TEST(BlockForm, PathsOfOneNameInsideAnotherAreKeptApart) {
  const Origins origins{{"id", "blockId"}, {"gates[1]", "validate.shell[0]"}};
  EXPECT_EQ(in_clients_words({"x", "idempotencyKey: bad", "idempotencyKey"}, origins).field,
            "idempotencyKey");
  EXPECT_EQ(in_clients_words({"x", "gates[10]: bad", "gates[10]"}, origins).field, "gates[10]");
  const Error e = in_clients_words({"x", "gates[1].name: bad", "gates[1].name"}, origins);
  EXPECT_EQ(e.field, "validate.shell[0].name");
  EXPECT_EQ(e.message, "validate.shell[0].name: bad");
}

}  // namespace
}  // namespace ghost::relay
