// Finds the context of a communicator through an MPI attribute.
#include <memory>
#include <utility>

#include "collectives/device/device_part.hpp"
#include "core/error.hpp"
#include "mpi/check.hpp"
#include "runtime/context.hpp"
#include "runtime/guard.hpp"

namespace pliant {
namespace {

/// The value of the MPI attribute.
struct Attribute {
  std::shared_ptr<Context> context;  ///< null: no Pliant call was made on this duplicate yet
  SettingLayer inherited;            ///< settings of the communicator that this is a duplicate of
};

/// Only marks the context, since MPI_Comm_free may be local: the context ends later.
int on_delete(MPI_Comm, int, void* attribute, void*) {
  const std::unique_ptr<Attribute> gone(static_cast<Attribute*>(attribute));
  if (gone->context != nullptr) gone->context->note_comm_freed();
  return MPI_SUCCESS;
}

/// A duplicate copies the settings of its original, as it copies MPI's hints, and nothing else.
int on_copy(MPI_Comm, int, void*, void* attribute, void* copy, int* copied) {
  const auto& original = *static_cast<const Attribute*>(attribute);
  auto made = std::make_unique<Attribute>();
  made->inherited = original.context != nullptr ? original.context->config().info : original.inherited;
  *static_cast<void**>(copy) = made.release();
  *copied = 1;
  return MPI_SUCCESS;
}

int keyval() {
  static const int value = [] {
    int made = MPI_KEYVAL_INVALID;
    check(MPI_Comm_create_keyval(on_copy, on_delete, &made, nullptr), "MPI_Comm_create_keyval");
    return made;
  }();
  return value;
}

/// Null if the communicator has no attribute of Pliant's.
Attribute* attribute_of(MPI_Comm comm) {
  void* attribute = nullptr;
  int found = 0;
  const int key = keyval();
  check_users("MPI_Comm_get_attr", [&] { return MPI_Comm_get_attr(comm, key, &attribute, &found); });
  return found != 0 ? static_cast<Attribute*>(attribute) : nullptr;
}

Context::Setup setup_of(Process& process) {
  Context::Setup setup;
  setup.problem = attempt([&] {
    const ProcessSettings& settings = process.settings();
    setup.kernels = &choose_kernels(settings.kernels);
    setup.team = process.team();
  });
  return setup;
}

void require_intracommunicator(MPI_Comm comm) {
  if (comm == MPI_COMM_NULL)
    throw Error(ErrorClass::communicator, "comm = MPI_COMM_NULL", "a communicator is needed",
                "Pass a valid one");
  int inter = 0;
  check_users("MPI_Comm_test_inter", [&] { return MPI_Comm_test_inter(comm, &inter); });
  if (inter != 0)
    throw Error(ErrorClass::communicator, "comm is an intercommunicator",
                "only Pliant_Allreduce takes one, and passes it to MPI",
                "Merge it with MPI_Intercomm_merge first");
}

}  // namespace

Context* Context::made_for(MPI_Comm comm) {
  const Attribute* const attribute = attribute_of(comm);
  if (attribute == nullptr) return nullptr;
  Context* const context = attribute->context.get();
  return context != nullptr && !context->ended() ? context : nullptr;
}

std::shared_ptr<Context> Context::find(MPI_Comm comm) {
  require_intracommunicator(comm);
  const Attribute* const attribute = attribute_of(comm);
  if (attribute == nullptr || attribute->context == nullptr) return nullptr;
  attribute->context->require_alive();
  return attribute->context;
}

std::shared_ptr<Context> Context::of(MPI_Comm comm) {
  if (auto found = find(comm)) return found;
  Process& process = Process::instance();
  Attribute* attribute = attribute_of(comm);
  if (attribute == nullptr) {
    auto made = std::make_unique<Attribute>();
    check(MPI_Comm_set_attr(comm, keyval(), made.get()), "MPI_Comm_set_attr");
    attribute = made.release();
  }
  auto context = std::make_shared<Context>(comm, process, setup_of(process), attribute->inherited);
  attribute->context = context;
  process.contexts().add(context);
  const CollectiveCall call(*context);
  process.contexts().end_abandoned(*context);
  return context;
}

}  // namespace pliant
