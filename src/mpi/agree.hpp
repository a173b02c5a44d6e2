// Small collectives by which ranks come to the same values before they decide anything. All collective.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mpi/communicator.hpp"

namespace pliant {

/// Does every rank hold the same bytes as rank 0?
bool same_on_all_ranks(const Communicator& comm, std::string_view bytes);

/// Element-wise maximum over the ranks in the order of core/total_order.hpp: the same bits on all of them,
/// for every value. NaN is the largest.
void agree_max(const Communicator& comm, std::span<double> values);

/// Every bit that is set on any rank, on all of them. As many words everywhere.
void agree_or(const Communicator& comm, std::span<std::uint64_t> words);

/// Rank 0's text, on every rank.
std::string share_from_root(const Communicator& comm, std::string text);

/// Every rank's bytes, those of rank 0 first, on all ranks. Less than 2 GiB in all.
std::vector<std::byte> gather_from_all(const Communicator& comm, std::span<const std::byte> own);

/// The lowest rank for which `flag` is set; -1 if there is none.
int first_rank_where(const Communicator& comm, bool flag);

}  // namespace pliant
