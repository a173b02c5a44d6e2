// Shared memory of a block: its variables, the guards between them, and a record of accesses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "machine.hpp"

namespace pliant::simt {

/// One access to one element. Thread and clocks define which accesses follow it.
struct Access {
  std::uint32_t block_epoch = 0;
  std::uint32_t warp_epoch = 0;
  std::uint32_t clock = 0;
  std::uint16_t thread = 0;
  bool atomic = false;
};

/// The last write, and the last reads of two threads (of two different warps if possible).
struct Shadow {
  Access write;
  Access read;
  Access other_read;
};

struct Variable {
  const void* key = nullptr;  ///< identifies the declaration
  const char* name = nullptr;
  std::byte* data = nullptr;
  std::size_t element_bytes = 0;
  std::size_t count = 0;
  std::vector<Shadow> shadow;
};

class SharedMemory {
 public:
  /// A GPU's limit for the `__shared__` variables of a block.
  static constexpr std::size_t kLimitBytes = 48 * 1024;

  SharedMemory();

  /// Starts a block without variables.
  void clear();
  /// The variable of a declaration; made if the block has none yet.
  Variable& variable(const void* key, const char* name, std::size_t element_bytes, std::size_t alignment,
                     std::size_t count);
  /// The variable that contains an address, or null.
  [[nodiscard]] Variable* find(const void* address);
  /// The name of a variable with a damaged guard, or null.
  [[nodiscard]] const char* damaged() const;

 private:
  Variable& add(const void* key);

  std::unique_ptr<std::byte[]> arena_;
  std::vector<std::unique_ptr<Variable>> variables_;  // of all blocks so far; the first used_ are this one's
  std::size_t used_ = 0;
  std::size_t bytes_ = 0;  // of variables
  std::size_t next_ = 0;   // in the arena
};

/// The variable of a declaration in the running thread's block.
Variable& shared_variable(const void* key, const char* name, std::size_t element_bytes, std::size_t alignment,
                          std::size_t count);

/// Reports a race if another thread's access to element `index` is not ordered with this one.
void note_read(Variable& variable, std::size_t index, bool atomic = false);
void note_write(Variable& variable, std::size_t index, bool atomic = false);
/// Does this for an address, which need not be in shared memory.
void note_address(const void* address, bool write, bool atomic);

[[noreturn]] void fail_index(const Variable& variable, std::size_t index);

}  // namespace pliant::simt
