#include "apps/train/world.hpp"

#include <array>
#include <stdexcept>

#include "apps/support/check.hpp"

namespace pliant::train {
std::string refusal_text(std::string_view problem, std::string_view rule, std::string_view action) {
  std::string text(problem);
  return text.append(" (").append(rule).append("). ").append(action);
}

World World::join() {
  World world;
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  check_alone(MPI_Comm_rank(MPI_COMM_WORLD, &world.rank));
  check_alone(MPI_Comm_size(MPI_COMM_WORLD, &world.ranks));
  return world;
}

void World::refuse_together(const std::string& text) const {
  const int candidate = text.empty() ? ranks : rank;
  int refusing = ranks;
  check_alone(MPI_Allreduce(&candidate, &refusing, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD));
  if (refusing == ranks) return;
  std::string shared = text;
  int length = static_cast<int>(text.size());
  check_alone(MPI_Bcast(&length, 1, MPI_INT, refusing, MPI_COMM_WORLD));
  shared.resize(static_cast<std::size_t>(length));
  check_alone(MPI_Bcast(shared.data(), length, MPI_CHAR, refusing, MPI_COMM_WORLD));
  throw apps::Refused(shared);
}

void World::sum(double* values, int count) const {
  check_alone(MPI_Allreduce(MPI_IN_PLACE, values, count, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD));
}

void World::largest(double* values, int count) const {
  check_alone(MPI_Allreduce(MPI_IN_PLACE, values, count, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD));
}

bool World::same(std::uint64_t value) const {
  std::array<std::uint64_t, 2> value_and_complement = {value, ~value};
  check_alone(
      MPI_Allreduce(MPI_IN_PLACE, value_and_complement.data(), 2, MPI_UINT64_T, MPI_MAX, MPI_COMM_WORLD));
  // The complement of the smallest value is the largest complement.
  return value_and_complement[0] == ~value_and_complement[1];
}

void check_alone(int code) {
  if (code != MPI_SUCCESS) throw std::runtime_error(apps::error_text(code));
}

}  // namespace pliant::train
