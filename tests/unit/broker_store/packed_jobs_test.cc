#include "broker/packed_jobs.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

namespace ghost::broker {
namespace {

TEST(PackedJobs, APieceStaysWhatItWas) {
  PackedJobs packed;
  std::mt19937 random(1);
  std::vector<std::pair<std::string, PackedJobs::Piece>> pieces;
  for (int i = 0; i < 2000; ++i) {  // of several blocks
    std::string bytes(1 + random() % PackedJobs::kPieceMax, static_cast<char>('a' + i % 26));
    const PackedJobs::Piece piece = packed.put(bytes);
    pieces.emplace_back(std::move(bytes), piece);
  }
  EXPECT_GE(packed.blocks(), 7u);
  for (const auto& [bytes, piece] : pieces) EXPECT_EQ(packed.at(piece), bytes);
}

TEST(PackedJobs, ABlockGoesWithItsLastPiece) {
  PackedJobs packed;
  const std::string bytes(PackedJobs::kPieceMax, 'x');
  std::vector<PackedJobs::Piece> pieces;
  while (packed.blocks() < 4) pieces.push_back(packed.put(bytes));
  const PackedJobs::Piece last = pieces.back();
  pieces.pop_back();
  for (const PackedJobs::Piece& piece : pieces) packed.drop(piece);
  EXPECT_EQ(packed.blocks(), 1u);  // the one that is being filled
  EXPECT_EQ(packed.at(last), bytes);
  // What was full when it emptied, and what empties while it fills: both go, and places are used
  // again.
  packed.drop(last);
  for (int i = 0; i < 2000; ++i) packed.drop(packed.put(bytes));
  EXPECT_EQ(packed.blocks(), 1u);
}

}  // namespace
}  // namespace ghost::broker
