// Shared by the conformance suites: a communicator of all ranks, and small reductions over it.
#pragma once

#include <gtest/gtest.h>
#include <mpi.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "collectives/registry.hpp"
#include "mpi/agree.hpp"
#include "tests/collectives/counting_transport.hpp"
#include "tests/support/host_layouts.hpp"
#include "tests/support/kernels.hpp"

namespace pliant::test {

class Conformance : public testing::TestWithParam<const AllreduceAlgorithm*> {
 protected:
  const AllreduceAlgorithm& algorithm() const { return *GetParam(); }

  template <class T>
  bool same_bits_everywhere(const std::vector<T>& values) const {
    return same_on_all_ranks(comm_,
                             {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)});
  }

  std::int64_t sum_over_ranks(std::int64_t value) const {
    MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_INT64_T, MPI_SUM, comm_.handle());
    return value;
  }

  /// Runs the algorithm and returns the traffic of this rank, as counted by this program's PMPI layer.
  static Traffic run_counted(const AllreduceAlgorithm& algorithm, AllreduceCall& call) {
    const Traffic before = messages_seen();
    pliant::run(algorithm, call);
    return messages_seen() - before;
  }

  /// Runs body() once. For a two-level algorithm, runs it on every layout that the algorithm supports.
  template <class Body>
  void on_every_layout(Body&& body) {
    if (!algorithm().two_level) return body();
    for (const NamedLayout& layout : host_layouts(ranks_)) {
      hosts_ = std::make_unique<HostGroup>(comm_, layout.marks, layout.localities);
      if (!algorithm().supports(laid_out({{}, {.count = 1}}))) continue;
      SCOPED_TRACE(layout.name);
      hosts_->channels_for(HostChannels::kSlotBytes);  // here, where all ranks are
      body();
    }
    hosts_.reset();
  }

  /// The shape of this communicator and layout.
  AllreduceShape laid_out(AllreduceShape shape) const {
    shape.ranks = shape.hosts = ranks_;
    if (hosts_ == nullptr) return shape;
    shape.hosts = hosts_->layout().hosts();
    shape.most_on_host = hosts_->layout().most_on_host();
    return shape;
  }

  HostChannels* channels() const { return hosts_ != nullptr ? hosts_->channels() : nullptr; }

  /// Predicted traffic of this rank. In a shape, the first ranks stand for the leaders of hosts.
  Traffic predicted(const AllreduceShape& shape) const {
    if (hosts_ == nullptr) return algorithm().sent(shape, rank_);
    return hosts_->leads() ? algorithm().sent(shape, hosts_->host()) : Traffic{};
  }

  /// False for the MPI library's own algorithm, whose messages are not counted.
  bool counts_its_bytes() const { return GetParam() != &mpi_allreduce; }

  Communicator comm_ = Communicator::duplicate(MPI_COMM_WORLD);
  Workspace workspace_;
  std::unique_ptr<HostGroup> hosts_;
  const int rank_ = comm_.rank();
  const int ranks_ = comm_.ranks();
};

/// The registry's algorithms that reduce host memory and satisfy `holds`. (tests/device covers the others.)
template <class Predicate>
std::vector<const AllreduceAlgorithm*> algorithms_where(Predicate holds) {
  std::vector<const AllreduceAlgorithm*> chosen;
  for (const AllreduceAlgorithm* algorithm : algorithms())
    if (algorithm->reach != Reach::device && holds(*algorithm)) chosen.push_back(algorithm);
  return chosen;
}

inline std::string name_of_algorithm(const testing::TestParamInfo<const AllreduceAlgorithm*>& info) {
  return std::string(info.param->name);
}

}  // namespace pliant::test
