#include "runtime/consistency_check.hpp"

#include <cstdio>
#include <cstring>
#include <string>

#include "collectives/exchange.hpp"
#include "mpi/check.hpp"
#include "runtime/placement.hpp"

namespace pliant {
namespace {

/// A tag of blocking calls that their algorithms do not use.
constexpr int kTag = AllreduceCall::kTags - 1;

const char* name_of(MPI_Op op) {
  if (op == MPI_SUM) return "MPI_SUM";
  if (op == MPI_PROD) return "MPI_PROD";
  if (op == MPI_MIN) return "MPI_MIN";
  if (op == MPI_MAX) return "MPI_MAX";
  return "another operation";
}

/// One operation's turn to be checked. Its destructor passes the turn on, however the check ends.
class Turn {
 public:
  explicit Turn(Context& context) : context_(context), number_(context.next_turn()) {}
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() { context_.turns_done = number_ + 1; }

  bool operator()() const { return context_.turns_done == number_; }

 private:
  Context& context_;
  std::int64_t number_;
};

}  // namespace

Intention intention_of(std::string_view tensor, std::int64_t count, MPI_Datatype type, MPI_Op op,
                       const Plan& plan, int device) {
  std::array<char, MPI_MAX_OBJECT_NAME> type_name{};
  int length = 0;
  if (type != MPI_DATATYPE_NULL)
    check_users("MPI_Type_get_name", [&] { return MPI_Type_get_name(type, type_name.data(), &length); });
  Intention intention;
  const Settings& settings = plan.settings;
  std::snprintf(intention.text.data(), intention.text.size(),
                "%.*s%s%lld elements of %.40s%s, %s, mode %s, density %.9g, algorithm %.32s",
                static_cast<int>(tensor.size()), tensor.data(), tensor.empty() ? "" : ": ",
                static_cast<long long>(count), type_name.data(),
                device == kHostMemory ? "" : " in a GPU's memory", name_of(op),
                settings.topk ? "topk" : "exact", settings.density, settings.algorithm.c_str());
  return intention;
}

Task check_consistency(ConsistencyCheck& check) {
  Context& context = check.context;
  const Turn turn(context);
  co_await until(turn);
  AllreduceCall call{.comm = context.comm(),
                     .workspace = check.pending.workspace,
                     .kernels = context.kernels(),
                     .shape = {{.ranks = context.ranks()}, {}},
                     .tag = kTag,
                     .own = {},
                     .outcome = {}};
  constexpr std::int64_t kBytes = sizeof(Intention);
  std::byte* const blocks = call.workspace.scores.of<std::byte>(context.ranks() * kBytes);
  std::memcpy(blocks, &check.intention, kBytes);
  co_await allgather(call, blocks, kBytes);
  const auto of_rank = [&](int rank) {
    Intention intention;
    std::memcpy(&intention, blocks + block_of(rank, context.comm().rank(), context.ranks()) * kBytes, kBytes);
    return intention;
  };
  const Intention first = of_rank(0);
  for (int rank = 1; rank < context.ranks(); ++rank) {
    const Intention other = of_rank(rank);
    if (other.text == first.text) continue;
    throw Error(ErrorClass::argument,
                std::string("rank 0 reduces [") + first.text.data() + "], but rank " + std::to_string(rank) +
                    " [" + other.text.data() + "]",
                "all ranks reduce the same, and start it in the same order",
                "Find the calls in both ranks; PLIANT_CHECK=1 looks at every operation")
        .on_all_ranks();
  }
}

}  // namespace pliant
