#include "runner_worker/git_repo.h"

#include <sys/stat.h>

#include <algorithm>

#include "runner_worker/git_repo_impl.h"

namespace ghost::runner {

GitRepo::GitRepo(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
GitRepo::~GitRepo() = default;

const std::string& GitRepo::git_dir() const {
  return impl_->git_dir;
}

uint64_t GitRepo::inode() const {
  return impl_->inode;
}

Result<std::unique_ptr<GitRepo>> GitRepo::open(const std::string& git_dir) {
  start_git_library();
  auto impl = std::make_unique<Impl>();
  impl->git_dir = git_dir;
  struct stat st;
  if (::stat(git_dir.c_str(), &st) == 0) impl->inode = st.st_ino;
  const unsigned flags = GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_BARE;
  if (const int rc = git_repository_open_ext(&impl->repo, git_dir.c_str(), flags, nullptr)) {
    Error e = git_failure("open " + git_dir);
    if (rc == GIT_ENOTFOUND) e.code = "not_found";
    if (e.message.find("objectformat") != std::string::npos) {
      return Error{"bad_config", "the repository has SHA-256 objects, which are not taken", {}};
    }
    return e;
  }
  if (git_repository_odb(&impl->odb, impl->repo) != 0) return git_failure("open " + git_dir);
  auto* memory = new MemoryBackend;
  if (git_odb_add_backend(impl->odb, &memory->parent, 999) != 0) {
    delete memory;
    return git_failure("open " + git_dir);
  }
  impl->memory = memory;
  return std::unique_ptr<GitRepo>(new GitRepo(std::move(impl)));
}

Result<std::vector<patch::TreeEntry>> GitRepo::read_tree(const Oid& oid) {
  if (const auto it = impl_->trees.find(oid); it != impl_->trees.end()) return it->second;
  const git_oid id = to_git(oid);
  OdbObject object;
  if (const int rc = git_odb_read(&object.p, impl_->odb, &id)) {
    Error e = git_failure("read tree " + oid.hex());
    e.code = rc == GIT_ENOTFOUND ? "not_found" : "git_error";
    return e;
  }
  if (git_odb_object_type(object.p) != GIT_OBJECT_TREE) {
    return Error{"not_found", oid.hex() + " is no tree", {}};
  }
  const std::string_view bytes(static_cast<const char*>(git_odb_object_data(object.p)),
                               git_odb_object_size(object.p));
  std::vector<patch::TreeEntry> entries;
  entries.reserve(bytes.size() / 32 + 1);
  for (size_t at = 0; at < bytes.size();) {
    // "<octal mode> <name>\0<20 bytes>". The raw mode: 100664 of old repositories is to be
    // written back as it was.
    patch::TreeEntry entry;
    for (; at < bytes.size() && bytes[at] >= '0' && bytes[at] <= '7'; ++at) {
      entry.mode = entry.mode << 3 | static_cast<uint32_t>(bytes[at] - '0');
    }
    const size_t end = bytes.find('\0', at);
    if (at >= bytes.size() || bytes[at] != ' ' || end == bytes.npos || bytes.size() - end < 21) {
      return Error{"git_error", "tree " + oid.hex() + " is malformed", {}};
    }
    entry.name = bytes.substr(at + 1, end - at - 1);
    std::memcpy(entry.oid.raw.data(), bytes.data() + end + 1, 20);
    at = end + 21;
    entries.push_back(std::move(entry));
  }
  // New trees are not kept: they are forgotten with their job.
  if (!impl_->memory->find_new(oid)) impl_->keep_tree(oid, entries);
  return entries;
}

Result<Blob> GitRepo::read_blob(const Oid& oid, size_t bytes_max) {
  const auto too_large = [&](size_t size) {
    return Error{"too_large", "blob " + oid.hex() + " has " + std::to_string(size) + " bytes", {}};
  };
  if (const MemoryObject* known = impl_->memory->find(oid);
      known && known->type == GIT_OBJECT_BLOB) {
    if (known->bytes.size() > bytes_max) return too_large(known->bytes.size());
    return make_blob(known->bytes);
  }
  const git_oid id = to_git(oid);
  size_t size = 0;
  git_object_t type;
  int rc = git_odb_read_header(&size, &type, impl_->odb, &id);
  if (rc == 0 && type != GIT_OBJECT_BLOB) return Error{"not_found", oid.hex() + " is no blob", {}};
  if (rc == 0 && size > bytes_max) return too_large(size);
  OdbObject object;
  if (rc == 0) rc = git_odb_read(&object.p, impl_->odb, &id);
  if (rc != 0) {
    Error e = git_failure("read blob " + oid.hex());
    e.code = rc == GIT_ENOTFOUND ? "not_found" : "git_error";
    return e;
  }
  std::string bytes(static_cast<const char*>(git_odb_object_data(object.p)),
                    git_odb_object_size(object.p));
  impl_->memory->keep_read(oid, bytes);
  return make_blob(std::move(bytes));
}

bool GitRepo::has_blob(const Oid& oid) {
  const git_oid id = to_git(oid);
  size_t size;
  git_object_t type;
  return git_odb_read_header(&size, &type, impl_->odb, &id) == 0 && type == GIT_OBJECT_BLOB;
}

Result<std::optional<Oid>> GitRepo::find_blob(std::string_view hex_prefix) {
  git_oid prefix, id;
  if (hex_prefix.size() < 4 || hex_prefix.size() > 40 ||
      git_oid_fromstrn(&prefix, hex_prefix.data(), hex_prefix.size()) != 0) {
    return std::optional<Oid>();
  }
  std::optional<Oid> found;
  const int rc = git_odb_exists_prefix(&id, impl_->odb, &prefix, hex_prefix.size());
  if (rc == GIT_EAMBIGUOUS) return std::optional<Oid>();
  if (rc == 0) found = from_git(id);
  for (const auto& [oid, object] : impl_->memory->objects) {
    if (!oid.hex().starts_with(hex_prefix) || found == oid) continue;
    if (found) return std::optional<Oid>();
    found = oid;
  }
  if (found && !has_blob(*found)) found.reset();
  return found;
}

Result<Oid> GitRepo::write_blob(std::string_view bytes) {
  return impl_->write(bytes, GIT_OBJECT_BLOB);
}

Result<Oid> GitRepo::write_tree(const std::vector<patch::TreeEntry>& entries) {
  // git compares a folder's name as if it ended with '/'.
  const auto key = [](const patch::TreeEntry& e, size_t i) -> int {
    if (i < e.name.size()) return static_cast<unsigned char>(e.name[i]);
    return i == e.name.size() && e.mode == patch::kModeTree ? '/' : 0;
  };
  const auto before = [&](const patch::TreeEntry* a, const patch::TreeEntry* b) {
    const size_t common = std::min(a->name.size(), b->name.size());
    const int c = std::memcmp(a->name.data(), b->name.data(), common);
    return c != 0 ? c < 0 : key(*a, common) < key(*b, common);
  };
  std::vector<const patch::TreeEntry*> sorted;
  sorted.reserve(entries.size());
  for (const auto& e : entries) sorted.push_back(&e);
  if (!std::is_sorted(sorted.begin(), sorted.end(), before)) {
    std::sort(sorted.begin(), sorted.end(), before);
  }
  std::string text;
  text.reserve(entries.size() * 48);
  for (const auto* e : sorted) {
    char mode[16];
    char* digit = mode + sizeof mode;
    for (uint32_t left = e->mode; left > 0; left >>= 3) {
      *--digit = static_cast<char>('0' + (left & 7));
    }
    text.append(digit, static_cast<size_t>(mode + sizeof mode - digit));
    text += ' ';
    text += e->name;
    text += '\0';
    text.append(reinterpret_cast<const char*>(e->oid.raw.data()), 20);
  }
  // Names and ids leave no room for the blocks of a SHA-1 collision, which libgit2's slower hash
  // looks for in blobs.
  const Oid oid = patch::object_id("tree", text);
  impl_->memory->put(oid, text, GIT_OBJECT_TREE);
  return oid;
}

Result<Oid> GitRepo::write_commit(const std::string& text) {
  return impl_->write(text, GIT_OBJECT_COMMIT);
}

Oid GitRepo::commit_id(const std::string& text) {
  git_oid oid;
  GHOST_CHECK(git_odb_hash(&oid, text.data(), text.size(), GIT_OBJECT_COMMIT) == 0);
  return from_git(oid);
}

void GitRepo::forget_new() {
  impl_->memory->objects.clear();
  impl_->memory->bytes = 0;
}

size_t GitRepo::new_bytes() const {
  return impl_->memory->bytes;
}

Status GitRepo::export_new(const std::string& objects_dir) const {
  OdbHandle odb;
  git_odb_backend* loose = nullptr;
  if (git_odb_new(&odb.p) != 0 ||
      git_odb_backend_loose(&loose, objects_dir.c_str(), 1, 0, 0755, 0444) != 0) {
    return git_failure("write objects to " + objects_dir);
  }
  if (git_odb_add_backend(odb.p, loose, 1) != 0) return git_failure("write objects");
  for (const auto& [oid, object] : impl_->memory->objects) {
    git_oid written;
    if (git_odb_write(&written, odb.p, object.bytes.data(), object.bytes.size(), object.type) !=
        0) {
      return git_failure("write objects to " + objects_dir);
    }
  }
  return ok_status();
}

bool GitRepo::has_commit(const Oid& oid) {
  const git_oid id = to_git(oid);
  size_t size;
  git_object_t type;
  return git_odb_read_header(&size, &type, impl_->odb, &id) == 0 && type == GIT_OBJECT_COMMIT;
}

namespace {
// "Name <mail> 1700000000 +0000", the line that begins with `key` in a commit's header.
std::string header_line(const char* header, const std::string& key) {
  const std::string text = header ? header : "";
  const size_t begin = text.starts_with(key) ? 0 : text.find("\n" + key);
  if (begin == std::string::npos) return {};
  const size_t from = begin + key.size() + (begin == 0 ? 0 : 1);
  return text.substr(from, text.find('\n', from) - from);
}
}  // namespace

Result<CommitInfo> GitRepo::read_commit(const Oid& oid) {
  const git_oid id = to_git(oid);
  CommitHandle commit;
  if (const int rc = git_commit_lookup(&commit.p, impl_->repo, &id)) {
    Error e = git_failure("read commit " + oid.hex());
    e.code = rc == GIT_ENOTFOUND ? "not_found" : "git_error";
    return e;
  }
  CommitInfo info;
  info.tree = from_git(*git_commit_tree_id(commit.p));
  for (unsigned i = 0; i < git_commit_parentcount(commit.p); ++i) {
    info.parents.push_back(from_git(*git_commit_parent_id(commit.p, i)));
  }
  const char* header = git_commit_raw_header(commit.p);
  info.author = header_line(header, "author ");
  info.committer = header_line(header, "committer ");
  info.message = git_commit_message_raw(commit.p);
  info.committer_s = git_commit_time(commit.p);
  return info;
}

std::optional<Oid> GitRepo::read_ref(const std::string& name) {
  RefHandle ref;
  ObjectHandle object;
  if (git_reference_lookup(&ref.p, impl_->repo, name.c_str()) != 0) return std::nullopt;
  if (git_reference_peel(&object.p, ref.p, GIT_OBJECT_COMMIT) != 0) return std::nullopt;
  return from_git(*git_object_id(object.p));
}

Result<Oid> GitRepo::find_commit(const std::string& hex_prefix) {
  git_oid id;
  ObjectHandle found, commit;
  int rc = hex_prefix.size() < 4 || hex_prefix.size() > 40
               ? GIT_ENOTFOUND
               : git_oid_fromstrn(&id, hex_prefix.data(), hex_prefix.size());
  if (rc == 0) {
    rc = git_object_lookup_prefix(&found.p, impl_->repo, &id, hex_prefix.size(), GIT_OBJECT_ANY);
  }
  if (rc == GIT_EAMBIGUOUS) {
    return Error{"conflict", "more than one object begins with " + hex_prefix, {}};
  }
  if (rc == 0) rc = git_object_peel(&commit.p, found.p, GIT_OBJECT_COMMIT);
  if (rc != 0) return Error{"not_found", "no commit begins with " + hex_prefix, {}};
  return from_git(*git_object_id(commit.p));
}

Status GitRepo::walk(const Oid& tree, const TreeVisitor& visit,
                     const std::function<bool(const std::string& path)>& enter) {
  struct Level {
    std::vector<patch::TreeEntry> entries;
    size_t next = 0;
    size_t prefix_size = 0;
  };
  constexpr size_t kDepthMax = 2048;  // a path of 4096 bytes has no more components
  std::vector<Level> levels(1);
  auto root = read_tree(tree);
  if (!root) return root.error();
  levels[0].entries = std::move(*root);
  std::string path;
  while (!levels.empty()) {
    Level& level = levels.back();
    path.resize(level.prefix_size);
    if (level.next == level.entries.size()) {
      levels.pop_back();
      continue;
    }
    const patch::TreeEntry& entry = level.entries[level.next++];
    path += entry.name;
    if (Status s = visit(path, entry); !s) return s;
    if (entry.mode != patch::kModeTree || (enter && !enter(path))) continue;
    if (levels.size() == kDepthMax) return Error{"too_large", "the tree is too deep", {}};
    auto below = read_tree(entry.oid);
    if (!below) return below.error();
    path += '/';
    levels.push_back({std::move(*below), 0, path.size()});
  }
  return ok_status();
}

Result<bool> GitRepo::is_ancestor(const Oid& commit, const Oid& tip) {
  if (commit == tip) return true;
  const git_oid ancestor = to_git(commit), of = to_git(tip);
  const int rc = git_graph_descendant_of(impl_->repo, &of, &ancestor);
  if (rc < 0) return git_failure("walk history");
  return rc == 1;
}

Result<std::optional<patch::TreeEntry>> GitRepo::find_path(const Oid& tree,
                                                           const std::string& path) {
  Oid at = tree;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    auto entries = read_tree(at);
    if (!entries) return entries.error();
    const std::string_view name = std::string_view(path).substr(begin, end - begin);
    const auto it = std::find_if(entries->begin(), entries->end(),
                                 [&](const patch::TreeEntry& e) { return e.name == name; });
    if (it == entries->end()) return std::optional<patch::TreeEntry>();
    if (end == path.size()) return std::optional<patch::TreeEntry>(*it);
    if (it->mode != patch::kModeTree) return std::optional<patch::TreeEntry>();
    at = it->oid;
    begin = end + 1;
  }
  return std::optional<patch::TreeEntry>();
}

}  // namespace ghost::runner
