// The position of each piece of a long vector.
#include "mpi/pieces.hpp"

#include <gtest/gtest.h>

#include <array>

namespace {

using pliant::Pieces;

TEST(Pieces, HoldEveryElementOnce) {
  std::array<char, 240> send{};
  std::array<char, 240> recv{};
  for (const MPI_Count count : {1, 6, 7, 8, 13, 14, 15, 30}) {
    const Pieces pieces{send.data(), recv.data(), count, 8, 7};
    MPI_Count elements = 0;
    for (MPI_Count piece = 0; piece < pieces.number(); ++piece) {
      EXPECT_EQ(pieces.send_of(piece), send.data() + 8 * elements);
      EXPECT_EQ(pieces.recv_of(piece), recv.data() + 8 * elements);
      EXPECT_GT(pieces.count_of(piece), 0);
      elements += pieces.count_of(piece);
    }
    EXPECT_EQ(elements, count);
  }
}

TEST(Pieces, CountsBeyondAnIntFitOne) {
  const Pieces pieces{nullptr, nullptr, (MPI_Count{1} << 31) + 5, 2};
  ASSERT_EQ(pieces.number(), 3);
  EXPECT_EQ(pieces.count_of(0), 1 << 30);
  EXPECT_EQ(pieces.count_of(2), 5);
  EXPECT_EQ(pieces.recv_of(2), reinterpret_cast<void*>(MPI_Aint{1} << 32)) << "MPI_BOTTOM is address 0";
}

TEST(Pieces, InPlaceStaysInPlace) {
  const Pieces pieces{MPI_IN_PLACE, nullptr, 20, 8, 7};
  for (MPI_Count piece = 0; piece < pieces.number(); ++piece) EXPECT_EQ(pieces.send_of(piece), MPI_IN_PLACE);
}

TEST(Pieces, ANegativeCountStaysNegative) {
  for (const MPI_Count count : {MPI_Count{-1}, -(MPI_Count{1} << 32)}) {
    const Pieces pieces{nullptr, nullptr, count};
    ASSERT_EQ(pieces.number(), 1);
    EXPECT_LT(pieces.count_of(0), 0);
  }
}

}  // namespace
