// Options of `ghost submit`.
#include "cli/arguments.h"
#include "cli/arguments_help.h"

namespace ghost::cli {
namespace {

void add_patch_options(CLI::App* c, SubmitOptions* o) {
  c->add_option("patch", o->file, "Patch file; - for standard input")->type_name("FILE");
  c->add_flag("--no-patch", o->no_patch, "Run the gates on the base as it is");
  add_text(c, "--format", &o->format, "Form of the patch; told from its text when absent")
      ->group("Patch")
      ->check(CLI::IsMember({"unified", "mbox", "mutations", "search-replace", "envelope"}));
  c->add_option("-p,--strip", o->strip, "Leading path components to leave out")
      ->group("Patch")
      ->type_name("N");
  add_text(c, "--mode", &o->mode, "How strictly hunks must fit")
      ->group("Patch")
      ->check(CLI::IsMember({"strict", "recount", "fuzzy", "threeway"}));
  c->add_option("--max-fuzz", o->max_fuzz, "Context lines that may differ (fuzzy mode)")
      ->group("Patch")
      ->type_name("N");
  c->add_option("--max-offset", o->max_offset, "Lines a hunk may have moved (fuzzy mode)")
      ->group("Patch")
      ->type_name("N");
  add_text(c, "--whitespace", &o->whitespace, "How blanks compare")
      ->group("Patch")
      ->check(CLI::IsMember({"error", "ignore-change"}));
  add_text(c, "--eol", &o->eol, "How line ends compare")
      ->group("Patch")
      ->check(CLI::IsMember({"exact", "normalize"}));
  add_list(c, "--protect", &o->protect, "Paths that the patch must not touch", "GLOB")
      ->group("Patch");
}

void add_base_options(CLI::App* c, SubmitOptions* o) {
  add_text(c, "-r,--repo", &o->repo, "Repository of the catalogue", "NAME")->group("Base");
  add_text(c, "-b,--base", &o->base, "Branch, tag or commit; the default branch when absent", "REF")
      ->group("Base");
  add_text(c, "--on-job", &o->on_job, "Apply on top of the result of this job", "JOB")
      ->group("Base");
}

void add_gate_options(CLI::App* c, SubmitOptions* o) {
  const char* form = "COMMAND or \"@NAME COMMAND\"";
  add_list(c, "-g,--gate", &o->gates, "Shell command that must pass after the patch", form)
      ->group("Gates");
  add_list(c, "--build", &o->builds, "Command before the gates", form)->group("Gates");
  add_list(c, "--precheck", &o->prechecks, "Command on the base before the patch", form)
      ->group("Gates");
  add_duration(c, "--gate-timeout", &o->gate_timeout_ms, "Time for each gate")->group("Gates");
  c->add_option("--gate-retries", o->gate_retries, "Times that a failing gate is tried again")
      ->group("Gates")
      ->type_name("N");
  add_list(c, "--env", &o->gate_env, "Environment of the gates", "NAME=VALUE")->group("Gates");
  add_text(c, "--cwd", &o->gate_cwd, "Folder in the repository to run gates in", "PATH")
      ->group("Gates");
  add_text(c, "--network", &o->network, "Network of the gates")
      ->group("Gates")
      ->check(CLI::IsMember({"none", "host"}));
  add_list(c, "--secret-env", &o->secret_env, "Secret of the runner hosts to give to gates", "NAME")
      ->group("Gates");
  add_list(c, "--artifact", &o->artifacts, "Files to keep after the gates", "GLOB")->group("Gates");
}

void add_condition_options(CLI::App* c, SubmitOptions* o) {
  add_text(c, "--lane", &o->lane, "Lane to queue in", "NAME")->group("Queue");
  c->add_option("--priority", o->priority, "0 to 9, 9 first")->group("Queue")->type_name("N");
  add_list(c, "--label", &o->labels, "Label of the job", "K=V")->group("Queue");
  add_list(c, "--require", &o->requires_, "Label that the runner must have", "K=V")->group("Queue");
  add_list(c, "--after", &o->depends_on, "Job that must succeed before", "JOB")->group("Queue");
  add_text(c, "--not-before", &o->not_before, "Earliest start: 10m, or an RFC 3339 time", "TIME")
      ->group("Queue");
  add_text(c, "--deadline", &o->deadline, "Latest end: 2h, or an RFC 3339 time", "TIME")
      ->group("Queue");
  c->add_option("--max-attempts", o->max_attempts, "Attempts when runners are lost")
      ->group("Queue")
      ->type_name("N");
  add_duration(c, "--wall", &o->wall_ms, "Time for the whole attempt")->group("Queue");
  add_list(c, "--limit", &o->limits, "Limit of the job, such as memoryBytes=...", "NAME=NUMBER")
      ->group("Queue");
  add_text(c, "--description", &o->description, "For people")->group("Queue");
  add_text(c, "--id", &o->id, "Id of the job; made when absent", "JOB")->group("Queue");
  add_text(c, "--key", &o->key, "Idempotency key: the same request again is the same job", "KEY")
      ->group("Queue");
}

void add_delivery_options(CLI::App* c, SubmitOptions* o) {
  add_text(c, "--commit", &o->commit, "Message of the commit to make", "MESSAGE")
      ->group("Delivery");
  add_text(c, "--author", &o->author, "Author of that commit", "\"NAME <ADDRESS>\"")
      ->group("Delivery");
  add_list(c, "--include", &o->include, "Files changed by gates to take into the commit", "GLOB")
      ->group("Delivery");
  add_text(c, "--branch", &o->branch, "Branch to move to the commit", "NAME")->group("Delivery");
  add_text(c, "--tag", &o->tag, "Tag to set", "NAME")->group("Delivery");
  c->add_flag("--push", o->push, "Push branch and tag to the repository")->group("Delivery");
  add_text(c, "--on-base-moved", &o->on_base_moved, "When the branch moved meanwhile")
      ->group("Delivery")
      ->check(CLI::IsMember({"fail", "reapply"}));
}

}  // namespace

void add_submit_command(CLI::App& app, Chosen* chosen) {
  auto o = std::make_shared<SubmitOptions>();
  CLI::App* c = app.add_subcommand("submit", "Submit a patch, and wait for its verdict if asked");
  add_patch_options(c, o.get());
  add_base_options(c, o.get());
  add_gate_options(c, o.get());
  add_condition_options(c, o.get());
  add_delivery_options(c, o.get());
  c->add_flag("-w,--wait", o->wait.wait, "Wait for the verdict and show it");
  add_wait_options(c, &o->wait);
  c->add_flag("--dry-run", o->dry_run, "Print the request instead of sending it");
  c->footer(
      "Example: git diff | ghost submit - --repo app --base main --gate 'make test' --wait\n"
      "Exit codes with --wait: 0 passed, 1 failed, 2 usage, 3 cannot reach the relay,\n"
      "4 cancelled or expired, 5 dead, 6 the wait timed out.");
  c->callback([o, chosen] {
    if (o->file.empty() == !o->no_patch) {
      throw CLI::ValidationError("patch", o->no_patch ? "--no-patch takes no patch file"
                                                      : "expected a patch file, - or --no-patch");
    }
    chosen->command = [o](Session& session) { return run_submit(session, *o); };
  });
}

}  // namespace ghost::cli
