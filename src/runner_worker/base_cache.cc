#include "runner_worker/base_cache.h"

#include <dirent.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/fs.h"
#include "base/ids.h"
#include "base/log.h"
#include "runner_worker/checkout.h"
#include "runner_worker/prepared.h"

namespace ghost::runner {
namespace {

constexpr size_t kPacksMax = 24;
constexpr uint64_t kCompactMsMax = 10 * 60'000;

bool is_hex(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  });
}

Error not_found(const std::string& ref, const std::string& repo) {
  return {"not_found", "the ref \"" + ref + "\" names no commit of the repository " + repo, {}};
}

// The mirror's own name for a remote's ref: flat, so that a branch "a" that became "a/b" does not
// get in its own way.
std::string local_ref(const std::string& ref) {
  return "refs/ghost/" + sha256_hex(ref).substr(0, 32);
}

std::vector<std::string> candidates(const std::string& ref) {
  if (ref == "HEAD" || ref.starts_with("refs/")) return {ref};
  return {"refs/heads/" + ref, "refs/tags/" + ref};
}

// Does git complain of the mirror rather than of the remote?
bool mirror_suspect(const std::string& err) {
  for (const char* sign :
       {"corrupt", "is empty", "bad object", "missing blob", "missing tree", "missing commit",
        "unable to read", "cannot be accessed", "not a git repository", "index file",
        "did not send all necessary objects", "unresolved deltas", "Could not read"}) {
    if (err.find(sign) != std::string::npos) return true;
  }
  return false;
}

size_t pack_count(const std::string& objects_dir) {
  size_t count = 0;
  if (DIR* d = ::opendir((objects_dir + "/pack").c_str())) {
    while (const dirent* e = ::readdir(d)) count += std::string_view(e->d_name).ends_with(".pack");
    ::closedir(d);
  }
  return count;
}

}  // namespace

BaseCache::~BaseCache() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    ::eventfd_write(stop_growing_.get(), 1);
  }
  grown_.notify_all();
  if (grower_.joinable()) grower_.join();
}

BaseRepo::~BaseRepo() {
  if (!broken_) cache_.open_repos_.give_back(std::move(git_));
}

BaseCache::BaseCache(BaseCacheOptions options, GitProgram git, std::unique_ptr<CacheStore> store)
    : options_(std::move(options)), git_(std::move(git)), store_(std::move(store)) {}

Result<std::unique_ptr<BaseCache>> BaseCache::open(const BaseCacheOptions& options) {
  auto store = CacheStore::open(options.dir, options.bytes_max,
                                {"mirrors", "bases", "indexes", kLayersArea});
  if (!store) return store.error();
  auto git = GitProgram::make((*store)->dir() + "/git", options.protocols, options.allow_private);
  if (!git) return git.error();
  std::unique_ptr<BaseCache> cache(new BaseCache(options, std::move(*git), std::move(*store)));
  cache->stop_growing_ = OwnedFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!cache->stop_growing_.held()) return Error{"io_error", "no eventfd", {}};
  cache->grower_ = std::thread([c = cache.get()] { c->grower(); });
  return cache;
}

Status BaseCache::make_mirror(const std::string& folder, const GitRemote& remote,
                              const Cutoff& cutoff) {
  GitCall init{.args = {"init", "--bare", "--quiet", "--template=", folder + "/git"}};
  auto done = git_.run(init, cutoff);
  if (!done) return done.error();
  if (done->exit_code != 0) {
    return Error{"git_error", "make the mirror of " + remote.name + ": " + done->complaint(), {}};
  }
  return ok_status();
}

Result<std::unique_ptr<BaseRepo>> BaseCache::open_repo(const wire::Repo& repo,
                                                       const Cutoff& cutoff) {
  if (Status s = git_.check_url(repo.url); !s) {
    return Error{s.error().code, "repository " + repo.name + ": " + s.error().message, {}};
  }
  GitRemote remote{repo.name, repo.url, {}};
  if (!repo.credential.empty()) {
    const std::string what = "credential " + repo.credential + ": ";
    if (options_.credentials_dir.empty() || !is_name(repo.credential)) {
      return Error{"bad_config", what + "this runner's host has no such credential", {}};
    }
    remote.credential_file = options_.credentials_dir + "/" + repo.credential;
    if (auto key = credential_is_ssh_key(remote.credential_file); !key) {
      return Error{"bad_config", what + key.error().message, {}};
    }
  }
  // Who may read what a credential opens is told by the credential: it is part of the name.
  const std::string name =
      "mirrors/" + repo.name + "-" + sha256_hex(repo.url + '\n' + repo.credential).substr(0, 16);
  for (int attempt = 1;; ++attempt) {
    auto mirror = store_->find_or_make(name, cutoff, [&](const std::string& folder) {
      return make_mirror(folder, remote, cutoff);
    });
    if (!mirror) return mirror.error();
    auto reader = open_repos_.take(mirror->dir + "/git");
    if (!reader) {
      if (attempt == 2) return reader.error();
      log::warn("broken mirror made anew", {{"repo", repo.name}, {"why", reader.error().message}});
      store_->discard(name, *mirror);
      continue;
    }
    return std::unique_ptr<BaseRepo>(
        new BaseRepo(*this, name, repo, std::move(remote), std::move(*mirror), std::move(*reader)));
  }
}

void BaseCache::mark_broken(BaseRepo& repo) {
  log::warn("mirror is broken, made anew with the next job", {{"repo", repo.remote().name}});
  repo.broken_ = true;
  store_->discard(repo.name_, repo.mirror_);
  open_repos_.forget(repo.mirror_.dir + "/git");
}

void BaseCache::mark_broken(const BaseCheckout& checkout) {
  log::warn("base checkout is broken, made anew with the next job", {{"entry", checkout.name}});
  store_->discard(checkout.name, checkout.use);
}

Result<std::map<std::string, Oid>> BaseCache::remote_refs(const BaseRepo& repo,
                                                          const std::vector<std::string>& refs,
                                                          const Cutoff& cutoff) {
  std::map<std::string, Oid> found;
  // A repository on this host is read directly: no process is needed.
  if (const std::string path = local_path_of(repo.remote().url); !path.empty()) {
    for (const std::string& folder : {path + "/.git", path, path + ".git"}) {
      auto local = open_repos_.take(folder);
      if (!local) continue;
      for (const auto& ref : refs) {
        if (auto oid = (*local)->read_ref(ref)) found[ref] = *oid;
      }
      open_repos_.give_back(std::move(*local));
      return found;
    }
  }
  GitCall call{.args = {"ls-remote", "--quiet", "origin"},
               .remote = &repo.remote(),
               .time_ms_max = options_.remote_ms_max};
  for (const auto& ref : refs) {
    call.args.push_back(ref);
    call.args.push_back(ref + "^{}");
  }
  auto done = git_.run(call, cutoff);
  if (!done) return done.error();
  if (done->exit_code != 0) {
    return Error{
        "git_error", "reach the repository " + repo.remote().name + ": " + done->complaint(), {}};
  }
  for (size_t begin = 0; begin < done->out.size();) {
    const size_t end = std::min(done->out.find('\n', begin), done->out.size());
    const std::string line = done->out.substr(begin, end - begin);
    begin = end + 1;
    const size_t tab = line.find('\t');
    if (tab == std::string::npos) continue;
    if (tab == 64) {
      return Error{
          "bad_request",
          "the repository " + repo.remote().name + " has SHA-256 objects, which are not taken",
          {}};
    }
    auto oid = Oid::parse(line.substr(0, tab));
    std::string name = line.substr(tab + 1);
    const bool peeled = name.ends_with("^{}");
    if (peeled) name.resize(name.size() - 3);
    if (!oid || std::find(refs.begin(), refs.end(), name) == refs.end()) continue;
    if (peeled) {
      found[name] = *oid;
    } else {
      found.emplace(name, *oid);
    }
  }
  return found;
}

Status BaseCache::fetch(BaseRepo& repo, const std::vector<std::string>& refspecs,
                        const Cutoff& cutoff) {
  auto changing = store_->lock_changes(repo.name_, cutoff);
  if (!changing) return changing.error();
  GitCall call{.args = {"fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--force",
                        "--prune", "--no-recurse-submodules", "origin"},
               .git_dir = repo.mirror_.dir + "/git",
               .remote = &repo.remote(),
               .time_ms_max = options_.fetch_ms_max};
  call.args.insert(call.args.end(), refspecs.begin(), refspecs.end());
  auto done = git_.run(call, cutoff);
  if (!done) return done.error();
  if (done->exit_code == 0) {
    if (Status s = compact(repo, cutoff); !s) return s;
    store_->set_size(repo.name_, 0);
    return ok_status();
  }
  if (mirror_suspect(done->err)) mark_broken(repo);
  const bool absent = done->err.find("couldn't find remote ref") != std::string::npos ||
                      done->err.find("not our ref") != std::string::npos;
  return Error{absent ? "not_found" : "git_error",
               "fetch from the repository " + repo.remote().name + ": " + done->complaint(),
               {}};
}

Status BaseCache::fetch_all(BaseRepo& repo, const Cutoff& cutoff) {
  return fetch(repo, {"+refs/heads/*:refs/remote/heads/*", "+refs/tags/*:refs/remote/tags/*"},
               cutoff);
}

// Every fetch leaves a pack; many packs make every lookup slow. Geometric repacking joins the small
// ones and keeps every object, also those that no ref reaches any more.
Status BaseCache::compact(BaseRepo& repo, const Cutoff& cutoff) {
  if (pack_count(repo.objects_dir()) <= kPacksMax) return ok_status();
  GitCall call{.args = {"repack", "-d", "-q", "--geometric=2"},
               .git_dir = repo.mirror_.dir + "/git",
               .time_ms_max = kCompactMsMax};
  auto done = git_.run(call, cutoff);
  if (!done) return done.error();
  if (done->exit_code != 0) {
    log::warn("mirror not repacked", {{"repo", repo.remote().name}, {"why", done->complaint()}});
  }
  return ok_status();
}

Result<Oid> BaseCache::fetch_ref(BaseRepo& repo, const std::string& ref, const Cutoff& cutoff) {
  const std::string local = local_ref(ref);
  if (Status s = fetch(repo, {"+" + ref + ":" + local}, cutoff); !s) return s.error();
  const auto commit = repo.git().read_ref(local);
  if (!commit) return not_found(ref, repo.remote().name);
  return *commit;
}

Result<Oid> BaseCache::resolve_id(BaseRepo& repo, const std::string& hex, const Cutoff& cutoff) {
  auto known = repo.git().find_commit(hex);
  if (known || known.error().code == "conflict") {
    if (known) return *known;
    return Error{"not_found", "the ref \"" + hex + "\" is ambiguous: " + known.error().message, {}};
  }
  if (hex.size() == 40) {
    const Status s = fetch(repo, {"+" + hex + ":" + local_ref(hex)}, cutoff);
    if (!s && is_cutoff(s.error())) return s.error();
    if (s) {
      if (auto commit = repo.git().find_commit(hex)) return *commit;
    }
  }
  if (Status s = fetch_all(repo, cutoff); !s) return s.error();
  if (auto commit = repo.git().find_commit(hex)) return *commit;
  return not_found(hex, repo.remote().name);
}

Result<Oid> BaseCache::resolve(BaseRepo& repo, const std::string& ref, const Cutoff& cutoff) {
  const std::string name = ref.empty() ? "HEAD" : ref;
  const bool full_id = name.size() == 40 && is_hex(name);
  if (full_id) return resolve_id(repo, name, cutoff);
  const auto names = candidates(name);
  auto refs = remote_refs(repo, names, cutoff);
  if (!refs) return refs.error();
  for (const auto& candidate : names) {
    const auto it = refs->find(candidate);
    if (it == refs->end()) continue;
    if (repo.git().has_commit(it->second)) return it->second;
    return fetch_ref(repo, candidate, cutoff);
  }
  if (name.size() >= 4 && name.size() < 40 && is_hex(name)) return resolve_id(repo, name, cutoff);
  return not_found(ref.empty() ? "HEAD" : ref, repo.remote().name);
}

Status BaseCache::bring(BaseRepo& repo, const Oid& commit, const Cutoff& cutoff) {
  if (repo.git().has_commit(commit)) return ok_status();
  auto found = resolve_id(repo, commit.hex(), cutoff);
  if (!found) return found.error();
  return ok_status();
}

}  // namespace ghost::runner
