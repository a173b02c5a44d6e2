// Two binary trees over P ranks: an inner node of one is a leaf of the other, except one rank if P is odd.
// Pure rank arithmetic.
//
// In the first tree, a rank r > 0 has the height of its lowest set bit b. Its children are r - b/2 and
// r + b/2. If the latter is beyond P, the nearest of r + b/4, ... that is not takes its place. Rank 0 is the
// root. Its one child is the highest power of two below P.
//   P = 6:       0              the second is the mirror image, r -> P-1-r, where P is even,
//                4              and the first shifted by one, r -> r-1, where P is odd
//              2   5
//            1   3
// Source: Sanders, Speck and Traeff, "Two-tree algorithms for full bandwidth broadcast, reduction and scan",
// Parallel Computing 35(12), 2009.
#pragma once

#include <array>
#include <bit>

namespace pliant::double_tree {

/// A rank's neighbours in one of the trees.
struct Node {
  int parent = -1;  ///< -1: the root
  std::array<int, 2> children = {-1, -1};
  int child_count = 0;

  constexpr void add(int child) { children[static_cast<std::size_t>(child_count++)] = child; }
};

/// Node of the first tree.
constexpr Node first_node(int rank, int ranks) {
  Node node;
  if (rank == 0) {
    if (ranks > 1) node.add(static_cast<int>(std::bit_floor(static_cast<unsigned>(ranks - 1))));
    return node;
  }
  const int bit = rank & -rank;
  const int up = (rank ^ bit) | (bit << 1);
  node.parent = up < ranks ? up : rank ^ bit;
  if (bit == 1) return node;
  node.add(rank - bit / 2);
  for (int step = bit / 2; step > 0; step /= 2) {
    if (rank + step >= ranks) continue;
    node.add(rank + step);
    break;
  }
  return node;
}

/// Node of tree 0 or 1.
constexpr Node node_of(int tree, int rank, int ranks) {
  if (tree == 0) return first_node(rank, ranks);
  const bool mirrored = ranks % 2 == 0;
  const auto there = [&](int r) { return mirrored ? ranks - 1 - r : (r + ranks - 1) % ranks; };
  const auto back = [&](int r) { return mirrored ? ranks - 1 - r : (r + 1) % ranks; };
  Node node = first_node(there(rank), ranks);
  if (node.parent >= 0) node.parent = back(node.parent);
  for (int i = 0; i < node.child_count; ++i)
    node.children[static_cast<std::size_t>(i)] = back(node.children[static_cast<std::size_t>(i)]);
  return node;
}

/// Edges between the root and the deepest leaf: the root's only child is as high as its lowest bit.
constexpr int depth(int ranks) {
  return ranks == 1 ? 0 : std::bit_width(static_cast<unsigned>(ranks - 1));
}

}  // namespace pliant::double_tree
