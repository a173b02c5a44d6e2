// A rank sends a wrong message. The receiver reports the sender and the problem, and adds none of it.
#include <functional>

#include "collectives/sparse/messages.hpp"
#include "compress/wire.hpp"
#include "core/error.hpp"
#include "tests/collectives/lossy.hpp"
#include "tests/support/errors.hpp"

namespace pliant {
namespace {

constexpr std::int64_t kCount = 1000;
constexpr std::int64_t kKept = 20;
constexpr std::int64_t kReserve = 2;  // beside a quota of kKept / 2

struct Damage {
  const char* name;
  std::function<void(std::vector<std::byte>&)> make;
  const char* said;  ///< part of the error message
};

std::vector<Damage> damages() {
  return {
      {"a bit of the values", [](auto& m) { m.back() ^= std::byte{4}; }, "checksum"},
      {"a bit of the indices", [](auto& m) { m[kHeaderBytes + 1] ^= std::byte{1}; }, "checksum"},
      {"another count",
       [](auto& m) {
         m[8] ^= std::byte{1};
         seal_message(m);
       },
       "count"},
      {"a text", [](auto& m) { std::fill(m.begin(), m.end(), std::byte{'x'}); }, "rank 1"},
      {"a part of it", [](auto& m) { m.resize(m.size() / 2); }, "rank 1"},
      {"more behind it", [](auto& m) { m.resize(m.size() + 4); }, "rank 1"},
      {"nothing", [](auto& m) { m.clear(); }, "rank 1"},
      {"indices that do not ascend",
       [](auto& m) {
         std::copy_n(m.begin() + kHeaderBytes, 4, m.begin() + kHeaderBytes + 4);
         seal_message(m);
       },
       "rank 1"},
  };
}

class ForeignMessage : public test::LossyConformance {
 protected:
  /// A rank that refuses a message announces this on comm_.
  void TearDown() override { Communicator::keep_for_ever(std::move(comm_)); }

  /// A valid message of `kept` of `count` indices, 3, 6, 9, ..., with or without values.
  static std::vector<std::byte> message(std::int64_t count, std::int64_t kept, bool with_values) {
    std::vector<std::uint32_t> indices(static_cast<std::size_t>(kept));
    std::vector<float> values(indices.size(), 2);
    for (std::size_t j = 0; j < indices.size(); ++j) indices[j] = static_cast<std::uint32_t>(3 * (j + 1));
    const ValueCodec* codec = with_values ? &float32_values : nullptr;
    const WireShape shape{count, kept};
    std::vector<std::byte> bytes(static_cast<std::size_t>(max_message_bytes(shape, raw_indices, codec)));
    bytes.resize(static_cast<std::size_t>(encode_message(
        shape, raw_indices, codec, {indices.data(), with_values ? values.data() : nullptr}, bytes.data())));
    return bytes;
  }

  /// Rank 1's part of the exchange about the border, which puts it in the middle: rank 0 has the first indices.
  void put_border_in_the_middle() const {
    const std::uint32_t mine = kCount - kKept / 2;
    std::uint32_t theirs = 0;
    MPI_Sendrecv(&mine, sizeof mine, MPI_BYTE, 0, 0, &theirs, sizeof theirs, MPI_BYTE, 0, 0, comm_.handle(),
                 MPI_STATUS_IGNORE);
    EXPECT_EQ((mine + theirs) / 2, kCount / 2);
  }
};

TEST_P(ForeignMessage, IsRefusedWithSenderAndReason) {
  if (ranks_ != 2) GTEST_SKIP() << "between two ranks";
  if (starts_with("var_")) GTEST_SKIP() << "the same messages, after an exchange of scores";
  if (starts_with("two_level_")) GTEST_SKIP() << "the same messages, between leaders";
  const bool leads = starts_with("star_");
  const bool nominates = starts_with("quota_");       // the second of its messages is the bad one
  const bool borders = algorithm().name == "oktopk";  // agrees on who gets which half of the elements
  const bool halves = borders || algorithm().name == "sparse_rabenseifner";
  for (const Damage& damage : damages()) {
    SCOPED_TRACE(damage.name);
    if (rank_ == 1) {
      if (borders) put_border_in_the_middle();
      std::vector<std::byte> bad =
          message(halves ? kCount / 2 : kCount, nominates ? kReserve : kKept, !leads && !nominates);
      damage.make(bad);
      if (nominates) {
        const std::vector<std::byte> good = message(kCount, kKept / 2, false);
        bad.insert(bad.begin(), good.begin(), good.end());
      }
      std::vector<std::byte> theirs(leads ? 0 : 100'000);
      const int count = static_cast<int>(bad.size());
      const int tag = leads ? 4 : 0;  // 4: that of the index stream
      MPI_Request request = MPI_REQUEST_NULL;
      MPI_Isend(bad.data(), count, MPI_BYTE, 0, tag, comm_.handle(), &request);
      if (!leads)
        MPI_Recv(theirs.data(), static_cast<int>(theirs.size()), MPI_BYTE, 0, tag, comm_.handle(),
                 MPI_STATUS_IGNORE);
      MPI_Wait(&request, MPI_STATUS_IGNORE);
    } else {
      const std::vector<float> input(kCount, 1);
      const std::string text = test::error_text(ErrorClass::other, [&] { run(input, kKept, 1); });
      EXPECT_NE(text.find("rank 1"), std::string::npos) << text;
      EXPECT_NE(text.find(damage.said), std::string::npos) << text;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Registry, ForeignMessage,
                         testing::ValuesIn(test::algorithms_where([](const AllreduceAlgorithm& algorithm) {
                           return !algorithm.exact;
                         })),
                         test::name_of_algorithm);

}  // namespace
}  // namespace pliant
