#include "apps/research/quadratic/world.hpp"

#include <algorithm>
#include <numeric>

namespace pliant::quadratic {

World World::join() {
  World world;
  MPI_Comm_rank(MPI_COMM_WORLD, &world.rank_);
  MPI_Comm_size(MPI_COMM_WORLD, &world.ranks_);
  return world;
}

std::vector<int> World::own_workers(int workers) const {
  if (ranks_ > 1) return is_server() ? std::vector<int>() : std::vector<int>{rank_};
  std::vector<int> all(static_cast<std::size_t>(workers));
  std::iota(all.begin(), all.end(), 1);
  return all;
}

void World::broadcast(Signal& signal, std::vector<std::byte>& message) const {
  if (ranks_ == 1) return;
  MPI_Bcast(&signal, sizeof signal, MPI_BYTE, 0, MPI_COMM_WORLD);
  if (signal.bytes < 0) return;
  message.resize(static_cast<std::size_t>(signal.bytes));
  MPI_Bcast(message.data(), static_cast<int>(signal.bytes), MPI_BYTE, 0, MPI_COMM_WORLD);
}

std::vector<std::vector<std::byte>> World::gather(std::vector<std::vector<std::byte>> messages) const {
  if (ranks_ == 1) return messages;
  const int own = messages.empty() ? 0 : static_cast<int>(messages.front().size());
  std::vector<int> lengths(static_cast<std::size_t>(ranks_));
  MPI_Gather(&own, 1, MPI_INT, lengths.data(), 1, MPI_INT, 0, MPI_COMM_WORLD);
  std::vector<int> begins(lengths.size());
  std::exclusive_scan(lengths.begin(), lengths.end(), begins.begin(), 0);
  std::vector<std::byte> all(static_cast<std::size_t>(begins.back() + lengths.back()));
  MPI_Gatherv(messages.empty() ? nullptr : messages.front().data(), own, MPI_BYTE, all.data(), lengths.data(),
              begins.data(), MPI_BYTE, 0, MPI_COMM_WORLD);
  std::vector<std::vector<std::byte>> received;
  if (!is_server()) return received;
  for (std::size_t rank = 1; rank < lengths.size(); ++rank) {
    const auto begin = all.begin() + begins[rank];
    received.emplace_back(begin, begin + lengths[rank]);
  }
  return received;
}

int World::shared(int value) const {
  if (ranks_ == 1) return value;
  MPI_Bcast(&value, 1, MPI_INT, 0, MPI_COMM_WORLD);
  return value;
}

World::Refusal World::refuse(bool refused) const {
  if (ranks_ == 1) return {refused, refused};
  const int candidate = refused ? rank_ : ranks_;
  int first = ranks_;
  MPI_Allreduce(&candidate, &first, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
  return {first < ranks_, first == rank_};
}

}  // namespace pliant::quadratic
