#include "runner_worker/git_repo.h"

#include <git2.h>
#include <git2/sys/odb_backend.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <unordered_map>

#include "base/check.h"

namespace ghost::runner {
namespace {

struct OidHash {
  size_t operator()(const Oid& o) const {
    size_t h;
    std::memcpy(&h, o.raw.data(), sizeof h);
    return h;
  }
};

struct MemoryObject {
  git_object_t type;
  std::string bytes;
};

Oid from_git(const git_oid& g) {
  Oid o;
  std::memcpy(o.raw.data(), g.id, 20);
  return o;
}
git_oid to_git(const Oid& o) {
  git_oid g;
  std::memcpy(g.id, o.raw.data(), 20);
  return g;
}

Error git_failure(const std::string& what) {
  const git_error* e = git_error_last();
  return {"git_error", what + ": " + (e && e->message ? e->message : "unknown error"), {}};
}

// The first place that libgit2 looks for objects and the only one that it writes to: the store
// under it never changes by our hand.
struct MemoryBackend {
  git_odb_backend parent{};
  std::unordered_map<Oid, MemoryObject, OidHash> objects;
  size_t bytes = 0;

  static MemoryBackend* of(git_odb_backend* b) { return reinterpret_cast<MemoryBackend*>(b); }
  const MemoryObject* find(const git_oid* oid) const {
    const auto it = objects.find(from_git(*oid));
    return it == objects.end() ? nullptr : &it->second;
  }
};

int memory_read(void** out, size_t* size, git_object_t* type, git_odb_backend* backend,
                const git_oid* oid) {
  const MemoryObject* object = MemoryBackend::of(backend)->find(oid);
  if (!object) return GIT_ENOTFOUND;
  // One byte more: libgit2's parsers of trees and commits look at the terminator.
  *out = git_odb_backend_data_alloc(backend, object->bytes.size() + 1);
  if (!*out) return -1;
  std::memcpy(*out, object->bytes.data(), object->bytes.size());
  static_cast<char*>(*out)[object->bytes.size()] = '\0';
  *size = object->bytes.size();
  *type = object->type;
  return 0;
}

int memory_read_header(size_t* size, git_object_t* type, git_odb_backend* backend,
                       const git_oid* oid) {
  const MemoryObject* object = MemoryBackend::of(backend)->find(oid);
  if (!object) return GIT_ENOTFOUND;
  *size = object->bytes.size();
  *type = object->type;
  return 0;
}

int memory_exists(git_odb_backend* backend, const git_oid* oid) {
  return MemoryBackend::of(backend)->find(oid) ? 1 : 0;
}

int memory_write(git_odb_backend* backend, const git_oid* oid, const void* data, size_t size,
                 git_object_t type) {
  MemoryBackend* b = MemoryBackend::of(backend);
  const auto [it, fresh] = b->objects.try_emplace(
      from_git(*oid), MemoryObject{type, std::string(static_cast<const char*>(data), size)});
  if (fresh) b->bytes += size;
  return 0;
}

void memory_free(git_odb_backend* backend) {
  delete MemoryBackend::of(backend);
}

void start_library() {
  static std::once_flag once;
  std::call_once(once, [] {
    GHOST_CHECK(git_libgit2_init() > 0);
    for (const int level : {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM,
                            GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL}) {
      git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
    }
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    // The cache would go on answering for objects that forget_new() dropped.
    git_libgit2_opts(GIT_OPT_ENABLE_CACHING, 0);
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_OBJECT_CREATION, 0);
    // Otherwise whole packs stay mapped, and with them in memory.
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, size_t{4} << 20);
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, size_t{16} << 20);
    // As git: zlib's checksum tells damage, and hashing each object read costs more than reading.
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
  });
}

template <typename T, void (*Free)(T*)>
struct Handle {
  T* p = nullptr;
  Handle() = default;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (p) Free(p);
  }
};
using OdbObject = Handle<git_odb_object, git_odb_object_free>;
using TreeHandle = Handle<git_tree, git_tree_free>;
using DiffHandle = Handle<git_diff, git_diff_free>;
using ObjectHandle = Handle<git_object, git_object_free>;
using RefHandle = Handle<git_reference, git_reference_free>;
using CommitHandle = Handle<git_commit, git_commit_free>;
using IndexHandle = Handle<git_index, git_index_free>;
using OdbHandle = Handle<git_odb, git_odb_free>;

}  // namespace

struct GitRepo::Impl {
  std::string git_dir;
  git_repository* repo = nullptr;
  git_odb* odb = nullptr;
  MemoryBackend* memory = nullptr;  // owned by odb
  // Trees of the repository as they were read: the jobs of a base ask for the same ones.
  static constexpr size_t kKeptEntriesMax = 100'000;  // some 10 MB
  std::unordered_map<Oid, std::vector<patch::TreeEntry>, OidHash> trees;
  size_t kept_entries = 0;

  ~Impl() {
    if (odb) git_odb_free(odb);
    if (repo) git_repository_free(repo);
  }

  void keep_tree(const Oid& oid, const std::vector<patch::TreeEntry>& entries) {
    if (entries.size() > kKeptEntriesMax / 8) return;
    kept_entries += entries.size() + 1;
    if (kept_entries > kKeptEntriesMax) {
      trees.clear();
      kept_entries = entries.size() + 1;
    }
    trees.emplace(oid, entries);
  }

  // Not by git_odb_write: before it writes an object it looks for it in every pack, and when it
  // finds none reads the folders of packs anew. That costs more than all else, and more in deep
  // trees.
  Result<Oid> write(std::string_view bytes, git_object_t type) {
    git_oid oid;
    if (git_odb_hash(&oid, bytes.data(), bytes.size(), type) != 0 ||
        memory_write(&memory->parent, &oid, bytes.data(), bytes.size(), type) != 0) {
      return git_failure("write object");
    }
    return from_git(oid);
  }
};

GitRepo::GitRepo(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
GitRepo::~GitRepo() = default;

const std::string& GitRepo::git_dir() const {
  return impl_->git_dir;
}

Result<std::unique_ptr<GitRepo>> GitRepo::open(const std::string& git_dir) {
  start_library();
  auto impl = std::make_unique<Impl>();
  impl->git_dir = git_dir;
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
  git_odb_init_backend(&memory->parent, GIT_ODB_BACKEND_VERSION);
  memory->parent.read = memory_read;
  memory->parent.read_header = memory_read_header;
  memory->parent.exists = memory_exists;
  memory->parent.write = memory_write;
  memory->parent.free = memory_free;
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
  if (!impl_->memory->find(&id)) impl_->keep_tree(oid, entries);
  return entries;
}

Result<Blob> GitRepo::read_blob(const Oid& oid, size_t bytes_max) {
  const git_oid id = to_git(oid);
  size_t size = 0;
  git_object_t type;
  int rc = git_odb_read_header(&size, &type, impl_->odb, &id);
  if (rc == 0 && type != GIT_OBJECT_BLOB) return Error{"not_found", oid.hex() + " is no blob", {}};
  if (rc == 0 && size > bytes_max) {
    return Error{"too_large", "blob " + oid.hex() + " has " + std::to_string(size) + " bytes", {}};
  }
  OdbObject object;
  if (rc == 0) rc = git_odb_read(&object.p, impl_->odb, &id);
  if (rc != 0) {
    Error e = git_failure("read blob " + oid.hex());
    e.code = rc == GIT_ENOTFOUND ? "not_found" : "git_error";
    return e;
  }
  return make_blob(std::string(static_cast<const char*>(git_odb_object_data(object.p)),
                               git_odb_object_size(object.p)));
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
  const git_oid id = to_git(oid);
  memory_write(&impl_->memory->parent, &id, text.data(), text.size(), GIT_OBJECT_TREE);
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

namespace {

// Two trees side by side, going only into folders that differ: the cost follows the difference.
class TreeCompare {
 public:
  TreeCompare(GitRepo& git, size_t count_max) : git_(git), count_max_(count_max) {}
  Status compare(const Oid* from, const Oid* to, const std::string& prefix);
  std::vector<TreeChange> removed, put;

 private:
  Status one(const patch::TreeEntry* from, const patch::TreeEntry* to, const std::string& path);

  GitRepo& git_;
  const size_t count_max_;
};

Status TreeCompare::one(const patch::TreeEntry* from, const patch::TreeEntry* to,
                        const std::string& path) {
  const bool from_tree = from && from->mode == patch::kModeTree;
  const bool to_tree = to && to->mode == patch::kModeTree;
  if (from && to && from->mode == to->mode && from->oid == to->oid) return ok_status();
  if (from_tree || to_tree) {
    Status s = compare(from_tree ? &from->oid : nullptr, to_tree ? &to->oid : nullptr, path + "/");
    if (!s) return s;
  }
  const bool was_file = from && !from_tree, is_file = to && !to_tree;
  if (is_file) {
    put.push_back(
        {path, was_file ? from->mode : 0, to->mode, was_file ? from->oid : Oid{}, to->oid});
  } else if (was_file) {
    removed.push_back({path, from->mode, 0, from->oid, {}});
  }
  if (removed.size() + put.size() > count_max_) {
    return Error{"too_large", "the trees differ too much", {}};
  }
  return ok_status();
}

Status TreeCompare::compare(const Oid* from, const Oid* to, const std::string& prefix) {
  if (prefix.size() > 8192) return Error{"too_large", "the tree is too deep", {}};
  std::vector<patch::TreeEntry> before, after;
  for (const auto& [oid, entries] : {std::pair(from, &before), std::pair(to, &after)}) {
    if (!oid) continue;
    auto read = git_.read_tree(*oid);
    if (!read) return read.error();
    *entries = std::move(*read);
    std::sort(entries->begin(), entries->end(),
              [](const auto& x, const auto& y) { return x.name < y.name; });
  }
  for (size_t i = 0, j = 0; i < before.size() || j < after.size();) {
    const int order = i == before.size()  ? 1
                      : j == after.size() ? -1
                                          : before[i].name.compare(after[j].name);
    const patch::TreeEntry* a = order <= 0 ? &before[i++] : nullptr;
    const patch::TreeEntry* b = order >= 0 ? &after[j++] : nullptr;
    if (Status s = one(a, b, prefix + (a ? a : b)->name); !s) return s;
  }
  return ok_status();
}

}  // namespace

Result<std::vector<TreeChange>> GitRepo::changes(const Oid& from_tree, const Oid& to_tree,
                                                 size_t count_max) {
  TreeCompare both(*this, count_max);
  if (from_tree != to_tree) {
    if (Status s = both.compare(&from_tree, &to_tree, ""); !s) return s.error();
  }
  std::reverse(both.removed.begin(), both.removed.end());
  both.removed.insert(both.removed.end(), both.put.begin(), both.put.end());
  return std::move(both.removed);
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

namespace {
struct DiffSink {
  std::string text;
  size_t bytes_max;
};

int take_diff_line(const git_diff_delta*, const git_diff_hunk*, const git_diff_line* line,
                   void* payload) {
  auto* sink = static_cast<DiffSink*>(payload);
  if (sink->text.size() + line->content_len + 1 > sink->bytes_max) return GIT_EUSER;
  const bool text_line = line->origin == GIT_DIFF_LINE_CONTEXT ||
                         line->origin == GIT_DIFF_LINE_ADDITION ||
                         line->origin == GIT_DIFF_LINE_DELETION;
  if (text_line) sink->text += line->origin;
  sink->text.append(line->content, line->content_len);
  return 0;
}
}  // namespace

// The tree of these files alone. libgit2 walks both trees of a diff whole, so it is given trees of
// what differs.
Result<Oid> GitRepo::tree_of(const std::vector<std::pair<std::string, patch::TreeEntry>>& files) {
  std::vector<patch::TreeEntry> entries;
  for (size_t i = 0; i < files.size();) {
    const std::string& path = files[i].first;
    const size_t slash = path.find('/');
    if (slash == std::string::npos) {
      entries.push_back({path, files[i].second.mode, files[i].second.oid});
      ++i;
      continue;
    }
    const std::string folder = path.substr(0, slash + 1);
    std::vector<std::pair<std::string, patch::TreeEntry>> below;
    for (; i < files.size() && files[i].first.starts_with(folder); ++i) {
      below.emplace_back(files[i].first.substr(slash + 1), files[i].second);
    }
    auto tree = tree_of(below);
    if (!tree) return tree.error();
    entries.push_back({path.substr(0, slash), patch::kModeTree, *tree});
  }
  return write_tree(entries);
}

Result<Blob> GitRepo::diff(const Oid& from_tree, const Oid& to_tree, size_t bytes_max) {
  auto changed = changes(from_tree, to_tree);
  if (!changed) return changed.error();
  std::sort(changed->begin(), changed->end(),
            [](const TreeChange& x, const TreeChange& y) { return x.path < y.path; });
  std::vector<std::pair<std::string, patch::TreeEntry>> before, after;
  for (const TreeChange& c : *changed) {
    if (c.mode_before != 0)
      before.emplace_back(c.path, patch::TreeEntry{{}, c.mode_before, c.before});
    if (c.mode != 0) after.emplace_back(c.path, patch::TreeEntry{{}, c.mode, c.after});
  }
  auto small_from = tree_of(before), small_to = tree_of(after);
  if (!small_from || !small_to) return (small_from ? small_to : small_from).error();
  const git_oid from = to_git(*small_from), to = to_git(*small_to);
  TreeHandle a, b;
  if (git_tree_lookup(&a.p, impl_->repo, &from) != 0 ||
      git_tree_lookup(&b.p, impl_->repo, &to) != 0) {
    return git_failure("diff");
  }
  git_diff_options options = GIT_DIFF_OPTIONS_INIT;
  options.flags = GIT_DIFF_SHOW_BINARY;
  options.id_abbrev = GIT_OID_HEXSZ;
  options.ignore_submodules = GIT_SUBMODULE_IGNORE_NONE;
  DiffHandle diff;
  if (git_diff_tree_to_tree(&diff.p, impl_->repo, a.p, b.p, &options) != 0) {
    return git_failure("diff");
  }
  DiffSink sink{{}, bytes_max};
  const int rc = git_diff_print(diff.p, GIT_DIFF_FORMAT_PATCH, take_diff_line, &sink);
  if (rc == GIT_EUSER) {
    return Error{
        "too_large", "the result's diff has more than " + std::to_string(bytes_max) + " bytes", {}};
  }
  if (rc != 0) return git_failure("diff");
  return make_blob(std::move(sink.text));
}

Oid blob_oid(std::string_view bytes) {
  start_library();
  git_oid oid;
  GHOST_CHECK(git_odb_hash(&oid, bytes.data(), bytes.size(), GIT_OBJECT_BLOB) == 0);
  return from_git(oid);
}

Status write_index(const std::string& index_path, const std::vector<IndexEntry>& entries) {
  start_library();
  IndexHandle index;
  if (git_index_open(&index.p, index_path.c_str()) != 0) return git_failure("write index");
  for (const IndexEntry& e : entries) {
    git_index_entry entry{};
    entry.path = e.path.c_str();
    entry.mode = e.mode;
    entry.id = to_git(e.oid);
    entry.file_size = static_cast<uint32_t>(e.size_bytes);
    entry.mtime.seconds = static_cast<int32_t>(e.mtime_s);
    entry.ctime.seconds = static_cast<int32_t>(e.mtime_s);
    if (git_index_add(index.p, &entry) != 0) return git_failure("write index, " + e.path);
  }
  if (git_index_write(index.p) != 0) return git_failure("write index");
  return ok_status();
}

Result<std::vector<IndexEntry>> read_index(const std::string& index_path) {
  start_library();
  IndexHandle index;
  if (git_index_open(&index.p, index_path.c_str()) != 0) return git_failure("read index");
  std::vector<IndexEntry> entries;
  const size_t count = git_index_entrycount(index.p);
  entries.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const git_index_entry* e = git_index_get_byindex(index.p, i);
    entries.push_back({e->path, e->mode, from_git(e->id), e->file_size, e->mtime.seconds});
  }
  return entries;
}

}  // namespace ghost::runner
