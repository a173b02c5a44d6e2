#include "collectives/paper_costs.hpp"

namespace pliant::paper {

double ring_s(int ranks, double bytes, const LinkModel& link) {
  return 2 * (ranks - 1) * (link.alpha_s + bytes / ranks * link.beta_s_per_byte);
}

double tree_s(int ranks, double bytes, const LinkModel& link) {
  return 2 * broadcast_s(ranks, bytes, link);
}

double broadcast_s(int ranks, double bytes, const LinkModel& link) {
  return rounds(ranks) * (link.alpha_s + bytes * link.beta_s_per_byte);
}

double allgather_s(int ranks, double bytes, const LinkModel& link) {
  return rounds(ranks) * link.alpha_s + (ranks - 1) * bytes * link.beta_s_per_byte;
}

}  // namespace pliant::paper
