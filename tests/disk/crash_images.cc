// What a power failure leaves of the store, moment by moment: lives of the store on a simulated
// disk are cut off anywhere, with what no sync covers kept, lost, torn or out of order; the store
// is opened on what is left and must show all that it had acknowledged and nothing half done.
// Some are cut off once more while they recover.
//   crash_images IMAGES SEED         0 violations, or it says which and fails
//   crash_images IMAGES SEED control the store does not sync: something must be lost
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/check.h"
#include "disk_vfs.h"
#include "store_history.h"

namespace ghost::disk {
namespace {

constexpr int kTurns = 120;
constexpr int kImagesALife = 200;

struct Counts {
  uint64_t images = 0, twice = 0, unopened = 0, lost = 0, half_done = 0, epochs = 0;
  std::map<Loss, uint64_t> by_loss;
  uint64_t violations() const { return unopened + lost + half_done + epochs; }
};

class Judge {
 public:
  Judge(std::string work, uint64_t seed, Counts* counts)
      : work_(std::move(work)), seed_(seed), random_(seed), counts_(counts) {}

  void judge(const History& history, Loss loss) {
    const std::deque<Kept>& kept = history.kept();
    const Disk& disk = history.disk();
    // Any moment after the first start; every second one close behind an acknowledgement.
    size_t moment = kept[0].moment + random_() % (disk.moment() - kept[0].moment + 1);
    if (random_() % 2 == 0) {
      const Kept& near = kept[random_() % kept.size()];
      moment = std::min(disk.moment(), near.moment + random_() % 4);
    }
    size_t at = 0;
    while (at + 1 < kept.size() && kept[at + 1].moment <= moment) ++at;
    ++counts_->images;
    ++counts_->by_loss[loss];
    moment_ = moment;
    loss_ = loss;
    Disk image(work_);
    disk.crash(moment, loss, random_, &image);
    if (random_() % 8 != 0) return look(kept, at);
    // Another failure while it recovers, or just after: what it had acknowledged still holds.
    ++counts_->twice;
    const size_t fresh = image.moment();
    (void)broker::open_sqlite_store({work_, 0});
    const size_t again = fresh + random_() % (image.moment() - fresh + 1);
    std::filesystem::create_directories(work_ + "/2");
    const std::string first = std::exchange(work_, work_ + "/2");
    Disk second(work_);
    image.crash(again, loss, random_, &second);
    look(kept, at);
    work_ = first;
  }

 private:
  void complain(const char* what, const std::string& detail, uint64_t* count) {
    if (++*count > 3) return;
    std::printf("%s: %s (life %llu, moment %zu, loss %d)\n", what, detail.c_str(),
                static_cast<unsigned long long>(seed_), moment_, static_cast<int>(loss_));
  }

  void look(const std::deque<Kept>& kept, size_t at) {
    Result<std::unique_ptr<broker::Store>> store = broker::open_sqlite_store({work_, 0});
    if (!store) return complain("not opened", store.error().message, &counts_->unopened);
    if ((*store)->epoch() <= kept[at].epoch) {
      complain("epoch used twice", std::to_string((*store)->epoch()), &counts_->epochs);
    }
    const Result<Content> content = read_content(**store);
    if (!content) return complain("not read", content.error().message, &counts_->unopened);
    // A commit that was under way may be there whole, though nobody was told.
    if (*content == kept[at].content) return;
    if (at + 1 < kept.size() && *content == kept[at + 1].content) return;
    for (const auto& [name, value] : kept[at].content) {
      const auto found = content->find(name);
      const bool same = found != content->end() && found->second == value;
      const bool going = at + 1 < kept.size() && !kept[at + 1].content.contains(name);
      if (!same && !going) return complain("lost", name, &counts_->lost);
    }
    complain("half done", "a commit is there in part", &counts_->half_done);
  }

  std::string work_;
  const uint64_t seed_;
  std::mt19937_64 random_;
  Counts* counts_;
  size_t moment_ = 0;
  Loss loss_ = Loss::kNone;
};

int run(uint64_t images, uint64_t seed, bool control) {
  std::string work = (std::filesystem::temp_directory_path() / "ghost-images-XXXXXX").string();
  GHOST_CHECK(mkdtemp(work.data()) != nullptr);
  if (control) remember_databases();
  Counts counts;
  uint64_t commits = 0, checkpoints = 0;
  for (; counts.images < images; ++seed) {
    History history(work + "/life", seed, !control);
    std::filesystem::create_directories(work + "/life");
    std::filesystem::create_directories(work + "/image");
    history.run(kTurns);
    commits += history.kept().size();
    checkpoints += history.disk().syncs_of("ghost.db");
    Judge judge(work + "/image", seed, &counts);
    for (int i = 0; i < kImagesALife && counts.images < images; ++i) {
      judge.judge(history, kEveryLoss[static_cast<size_t>(i) % std::size(kEveryLoss)]);
    }
  }
  std::filesystem::remove_all(work);
  std::printf(
      "%llu crash images (%llu of them cut off twice) of %llu commits and %llu checkpoints: %llu "
      "lost something acknowledged, %llu half done, %llu not opened, %llu epochs used twice\n",
      static_cast<unsigned long long>(counts.images), static_cast<unsigned long long>(counts.twice),
      static_cast<unsigned long long>(commits), static_cast<unsigned long long>(checkpoints),
      static_cast<unsigned long long>(counts.lost),
      static_cast<unsigned long long>(counts.half_done),
      static_cast<unsigned long long>(counts.unopened),
      static_cast<unsigned long long>(counts.epochs));
  if (!control) return counts.violations() == 0 ? 0 : 1;
  if (counts.lost + counts.unopened > 0) return 0;
  std::printf("a store that does not sync lost nothing: this program sees nothing\n");
  return 1;
}

}  // namespace
}  // namespace ghost::disk

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: crash_images IMAGES SEED [control]\n");
    return 2;
  }
  const bool control = argc > 3 && std::strcmp(argv[3], "control") == 0;
  return ghost::disk::run(std::strtoull(argv[1], nullptr, 10), std::strtoull(argv[2], nullptr, 10),
                          control);
}
