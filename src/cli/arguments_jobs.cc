// Options of the commands about jobs.
#include "cli/arguments.h"
#include "cli/arguments_help.h"

namespace ghost::cli {
namespace {

using JobsCommand = int (*)(Session&, const JobOptions&);

CLI::App* add_jobs_command(CLI::App& app, Chosen* chosen, const char* name, const char* about,
                           JobsCommand command, std::shared_ptr<JobOptions> o) {
  CLI::App* c = app.add_subcommand(name, about);
  c->add_option("jobs", o->ids, "Job ids")->required()->type_name("JOB...");
  c->callback([=] { chosen->command = [=](Session& session) { return command(session, *o); }; });
  return c;
}

void add_lists(CLI::App& app, Chosen* chosen) {
  auto o = std::make_shared<ListOptions>();
  CLI::App* c = app.add_subcommand("list", "List jobs, the newest first");
  add_list(c, "-s,--state", &o->states, "Only jobs in this state", "STATE")
      ->check(
          CLI::IsMember({"QUEUED", "LEASED", "SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED", "DEAD"},
                        CLI::ignore_case));
  add_list(c, "--label", &o->labels, "Only jobs with this label", "K=V");
  add_text(c, "-r,--repo", &o->repo, "Only jobs of this repository", "NAME");
  add_text(c, "--lane", &o->lane, "Only jobs of this lane", "NAME");
  add_text(c, "--since", &o->since, "Accepted since: 2h ago, or an RFC 3339 time", "TIME");
  add_text(c, "--until", &o->until, "Accepted until: 2h ago, or an RFC 3339 time", "TIME");
  c->add_option("-n,--limit", o->limit, "How many")
      ->check(CLI::Range(uint64_t{1}, uint64_t{1'000'000}))
      ->type_name("N")
      ->capture_default_str();
  c->add_flag("-a,--all", o->all, "All of them");
  c->callback([=] { chosen->command = [=](Session& session) { return run_list(session, *o); }; });
}

void add_logs(CLI::App& app, Chosen* chosen) {
  auto o = std::make_shared<LogsOptions>();
  CLI::App* c = app.add_subcommand("logs", "Print what the gates of a job wrote");
  add_job_id(c, &o->id);
  c->add_flag("-f,--follow", o->follow, "Go on until the job has ended");
  add_text(c, "--stream", &o->stream, "Only this stream")
      ->check(CLI::IsMember({"stdout", "stderr"}));
  add_text(c, "--gate", &o->gate, "Only this gate", "NAME");
  c->add_option("--attempt", o->attempt, "Only this attempt; the last one when absent")
      ->type_name("N");
  c->add_option("--offset", o->offset, "Leave out the bytes before this one")->type_name("N");
  c->callback([=] { chosen->command = [=](Session& session) { return run_logs(session, *o); }; });
}

void add_events(CLI::App& app, Chosen* chosen) {
  auto o = std::make_shared<EventsOptions>();
  CLI::App* c = app.add_subcommand("events", "Print the events of a job");
  add_job_id(c, &o->id);
  c->add_flag("-f,--follow", o->follow, "Go on until the job has ended");
  add_list(c, "--stream", &o->streams, "Only this stream", "STREAM")
      ->check(CLI::IsMember({"state", "progress", "stdout", "stderr"}));
  add_text(c, "--after", &o->after, "Only what came after this event", "EVENT");
  c->callback([=] { chosen->command = [=](Session& session) { return run_events(session, *o); }; });
}

void add_files(CLI::App& app, Chosen* chosen) {
  for (const auto& [name, about, command] :
       {std::tuple("diff", "Print the diff that a job resulted in", &run_diff),
        std::tuple("mbox", "Print a job's result as mail for git am", &run_mbox)}) {
    auto o = std::make_shared<FileOptions>();
    CLI::App* c = app.add_subcommand(name, about);
    add_job_id(c, &o->id);
    add_text(c, "-o,--output", &o->output, "Write to this file", "FILE");
    c->callback([=, command = command] {
      chosen->command = [=](Session& session) { return command(session, *o); };
    });
  }
  CLI::App* artifacts = app.add_subcommand("artifacts", "Files that a job kept");
  artifacts->require_subcommand(1);
  auto listed = std::make_shared<FileOptions>();
  CLI::App* list = artifacts->add_subcommand("list", "List them");
  add_job_id(list, &listed->id);
  list->callback([=] {
    chosen->command = [=](Session& session) { return run_artifacts_list(session, *listed); };
  });
  auto got = std::make_shared<FileOptions>();
  CLI::App* get = artifacts->add_subcommand("get", "Fetch one of them");
  add_job_id(get, &got->id);
  get->add_option("path", got->path, "Path of the artifact")->required()->type_name("PATH");
  add_text(get, "-o,--output", &got->output, "File to write; - for standard output", "FILE");
  get->callback([=] {
    chosen->command = [=](Session& session) { return run_artifacts_get(session, *got); };
  });
}

}  // namespace

void add_job_commands(CLI::App& app, Chosen* chosen) {
  auto get = std::make_shared<JobOptions>();
  add_show_options(add_jobs_command(app, chosen, "get", "Show jobs as they are now", run_get, get),
                   &get->wait);

  auto wait = std::make_shared<JobOptions>();
  wait->wait.wait = true;
  add_wait_options(add_jobs_command(app, chosen, "wait",
                                    "Wait for jobs to end and show their verdicts", run_wait, wait),
                   &wait->wait);

  auto cancel = std::make_shared<JobOptions>();
  CLI::App* c = add_jobs_command(app, chosen, "cancel", "Cancel jobs", run_cancel, cancel);
  c->add_flag("-w,--wait", cancel->wait.wait, "Wait until they have ended");
  add_duration(c, "--timeout", &cancel->wait.timeout_ms,
               "Stop waiting after this time (exit code 6)");

  auto retry = std::make_shared<JobOptions>();
  c = add_jobs_command(app, chosen, "retry", "Submit ended jobs again", run_retry, retry);
  c->add_flag("-w,--wait", retry->wait.wait, "Wait for the verdict and show it");
  add_wait_options(c, &retry->wait);

  add_lists(app, chosen);
  add_logs(app, chosen);
  add_events(app, chosen);
  add_files(app, chosen);
}

}  // namespace ghost::cli
