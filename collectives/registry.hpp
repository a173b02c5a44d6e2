// The one list of allreduce algorithms. A new one is its file, its name here, and its line in CMakeLists.txt.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "collectives/allreduce.hpp"
#include "collectives/dense/dense.hpp"
#include "collectives/device/on_device.hpp"
#include "collectives/hierarchical/hierarchical.hpp"
#include "collectives/sparse/sparse.hpp"

namespace pliant {

/// Order matters: of two algorithms with equal predictions the earlier one is taken. A deterministic
/// communicator takes the first deterministic one, exact or lossy.
inline constexpr std::array kAlgorithms = {
    &ring_allreduce,
    &rabenseifner_allreduce,
    &double_tree_allreduce,
    &tree_allreduce,
    &recursive_doubling_allreduce,
    &mpi_allreduce,
    &allgather_topk_allreduce,
    &star_rabenseifner_allreduce,
    &star_ring_allreduce,
    &star_tree_allreduce,
    &var_rabenseifner_allreduce,
    &var_ring_allreduce,
    &var_tree_allreduce,
    &quota_rabenseifner_allreduce,
    &quota_ring_allreduce,
    &quota_double_tree_allreduce,
    &sparse_rabenseifner_allreduce,
    &oktopk_allreduce,
    &shared_memory_allreduce,
    &two_level_ring_allreduce,
    &two_level_rabenseifner_allreduce,
    &two_level_recursive_doubling_allreduce,
    &two_level_allgather_topk_allreduce,
    &two_level_star_ring_allreduce,
    &nccl_allreduce,
    &nccl_star_allreduce,
    &mpi_star_allreduce,
};

using AlgorithmList = std::span<const AllreduceAlgorithm* const>;

inline AlgorithmList algorithms() {
  return kAlgorithms;
}

/// Null when there is none of that name.
const AllreduceAlgorithm* find_algorithm(std::string_view name);

}  // namespace pliant
