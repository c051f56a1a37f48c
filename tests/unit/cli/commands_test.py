#!/usr/bin/env python3
"""Commands of `ghost` against things that are no relay, and its words for wrong arguments: exit codes, JSON on
standard output whatever happens, completions in real shells. Usage: commands_test.py PATH-OF-GHOST"""
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

GHOST = os.path.abspath(sys.argv.pop(1))
JOB = ["get x", "wait x", "cancel x", "retry x"]
LISTS = ["list", "runners", "limits", "audit", "repo list", "lanes list", "registry list", "top --once",
         "artifacts list x", "registry next x", "drain x", "slots x 1"]


class Answer(http.server.BaseHTTPRequestHandler):
    def reply(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked += 1
        self.send_response(self.server.status)
        self.send_header("Content-Type", self.server.type)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = reply

    def log_message(self, *ignored):
        pass


class Commands(unittest.TestCase):
    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.server.asked = 0
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.dir = tempfile.mkdtemp(prefix="ghost-cli-test-")
        self.addCleanup(shutil.rmtree, self.dir)
        with open(self.dir + "/a.diff", "w") as file:
            file.write("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n")

    def serve(self, status, body, kind="application/json"):
        self.server.status, self.server.body, self.server.type = status, body.encode(), kind

    def ghost(self, words, url=None):
        env = {k: v for k, v in os.environ.items() if not k.startswith("GHOST_")}
        env["GHOST_URL"] = url or f"http://127.0.0.1:{self.server.server_port}"
        return subprocess.run([GHOST, *words.split()], capture_output=True, text=True, env=env, cwd=self.dir,
                              timeout=60, stdin=subprocess.DEVNULL)

    def problem(self, run):
        document = json.loads(run.stdout)
        self.assertTrue(document["type"].startswith("urn:ghost:error:"), document)
        self.assertTrue(document["detail"], document)
        return document

    def test_a_page_of_some_web_server_is_no_relay(self):
        for status in (200, 404, 501):
            self.serve(status, "<!DOCTYPE html><html>nothing here</html>", "text/html")
            for words in [*JOB, *LISTS, "submit a.diff --repo r"]:
                run = self.ghost(words)
                self.assertEqual(run.returncode, 3, (status, words, run))
                self.assertIn("does not answer like a relay", run.stderr, (status, words))
                self.assertNotIn("DOCTYPE", run.stderr)

    def test_a_submission_to_something_else_is_not_tried_again(self):
        self.serve(501, "<html>", "text/html")
        self.ghost("submit a.diff --repo r")
        self.assertEqual(self.server.asked, 1)

    def test_strange_json_crashes_nothing(self):
        for body in ("[]", "3", "null", "{}", '{"items":3}', '{"items":[3,{}]}', '{"id":7,"state":[]}'):
            self.serve(200, body)
            for words in [*JOB, *LISTS, "registry watch", "logs x", "events x", "diff x"]:
                run = self.ghost(words)
                self.assertIn(run.returncode, (0, 1, 3), (body, words, run))
            for words in JOB:
                self.assertEqual(self.ghost(words).returncode, 3, (body, words))

    def test_a_failure_is_json_too(self):
        self.serve(404, "<html>", "text/html")
        for words, code in (("list --json", 3), ("nosuch --json", 2), ("list --state bogus --json", 2),
                            ("submit nofile.diff --repo r --json", 2), ("submit a.diff --json", 2),
                            ("lanes set x --json", 2)):
            run = self.ghost(words)
            self.assertEqual(run.returncode, code, (words, run))
            self.problem(run)
        with_nobody = self.ghost("get x --json", "http://127.0.0.1:1")
        self.assertEqual(with_nobody.returncode, 3)
        self.assertEqual(self.problem(with_nobody)["code"], "unavailable")

    def test_several_jobs_are_one_document_a_line(self):
        self.serve(200, '{"id":"j","state":"SUCCEEDED"}')
        run = self.ghost("get a b --json")
        self.assertEqual([json.loads(line)["id"] for line in run.stdout.splitlines()], ["j", "j"])

    def test_stored_text_is_json_when_asked(self):
        self.serve(200, "From x\n", "application/mbox")
        self.assertEqual(json.loads(self.ghost("mbox x --json").stdout), {"data": "From x\n"})
        self.serve(200, "--- a/x\n", "text/x-diff")
        self.assertEqual(json.loads(self.ghost("diff x --json").stdout), {"data": "--- a/x\n"})

    def test_words_for_wrong_arguments(self):
        for words, said in (("submit a.diff", "--repo"), ("nosuch", 'no command "nosuch"'),
                            ("submit a.diff --repo r --priority x", '--priority: expected a whole number, got "x"'),
                            ("submit a.diff --no-patch", "--no-patch takes no patch file"),
                            ("submit --no-patch --repo r --gate-timeout soon", 'got "soon"')):
            run = self.ghost(words)
            self.assertEqual(run.returncode, 2, (words, run))
            self.assertIn(said, run.stderr, words)

    def complete(self, shell, words):
        """What the completion function offers for the last of `words`."""
        script = "source <(%s completion bash); COMP_WORDS=(%s); COMP_CWORD=%d; _ghost; printf '%%s\\n' \"${COMPREPLY[@]}\""
        typed = " ".join("'%s'" % word for word in words)
        run = subprocess.run([shell, "--norc", "-c", script % (GHOST, typed, len(words) - 1)], cwd=self.dir,
                             capture_output=True, text=True, timeout=30)
        self.assertEqual(run.stderr, "")
        return run.stdout.split()

    def test_bash_completes(self):
        self.assertEqual(self.complete("bash", ["ghost", "sub"]), ["submit"])
        self.assertEqual(self.complete("bash", ["ghost", "repo", "a"]), ["add"])
        self.assertEqual(self.complete("bash", ["ghost", "up", "--run"]), ["--runners"])
        self.assertEqual(self.complete("bash", ["ghost", "submit", "a"]), ["a.diff"])
        self.assertEqual(self.complete("bash", ["ghost", "submit", "--mode", "f"]), ["fuzzy"])
        self.assertEqual(self.complete("bash", ["ghost", "submit", "--repo", ""]), [])

    @unittest.skipUnless(shutil.which("zsh"), "no zsh")
    def test_zsh_completes(self):
        os.mkdir(self.dir + "/functions")
        with open(self.dir + "/functions/_ghost", "w") as file:
            subprocess.run([GHOST, "completion", "zsh"], stdout=file, check=True)
        # The file is loaded by zsh itself; the builtins that would show the choices print them.
        script = """
        _describe() { shift $(( $# - 1 )); print -rl -- ${(P)1}; }
        compadd() { print -rl -- ${@:#--}; }
        _files() { print FILES; }
        fpath=(%s/functions); autoload -Uz _ghost
        words=(%s); CURRENT=$#words; _ghost"""
        for words, offered in ((["ghost", ""], "submit:"), (["ghost", "repo", ""], "add:"),
                               (["ghost", "up", "--"], "--runners:"), (["ghost", "submit", "--mode", ""], "fuzzy"),
                               (["ghost", "submit", ""], "FILES")):
            typed = " ".join("'%s'" % word for word in words)
            run = subprocess.run(["zsh", "-f", "-c", script % (self.dir, typed)], capture_output=True, text=True,
                                 timeout=30)
            self.assertEqual(run.stderr, "")
            self.assertTrue(any(line.startswith(offered) for line in run.stdout.splitlines()), (words, run.stdout))


if __name__ == "__main__":
    unittest.main(verbosity=2)
