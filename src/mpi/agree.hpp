// Small collectives with which ranks agree on values before they make a decision. All are collective.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mpi/communicator.hpp"

namespace pliant {

/// Returns whether every rank holds the same bytes as rank 0.
bool same_on_all_ranks(const Communicator& comm, std::string_view bytes);

/// Sets `values` to their element-wise maximum over the ranks, in the order of core/total_order.hpp. The
/// result has the same bits on all ranks. NaN is the largest value.
void agree_max(const Communicator& comm, std::span<double> values);

/// Sets every bit that is set on any rank. All ranks pass the same number of words.
void agree_or(const Communicator& comm, std::span<std::uint64_t> words);

/// Returns rank 0's text, on every rank.
std::string share_from_root(const Communicator& comm, std::string text);

/// Returns the bytes of all ranks in rank order, on all ranks. Less than 2 GiB in total.
std::vector<std::byte> gather_from_all(const Communicator& comm, std::span<const std::byte> own);

/// Returns the lowest rank with `flag` set; -1 if there is none.
int first_rank_where(const Communicator& comm, bool flag);

}  // namespace pliant
