// Shared memory of one block: its variables, what stands between them, and who touched what.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "machine.hpp"

namespace pliant::simt {

/// One access to one element. Thread and clocks say what it comes before.
struct Access {
  std::uint32_t block_epoch = 0;
  std::uint32_t warp_epoch = 0;
  std::uint32_t clock = 0;
  std::uint16_t thread = 0;
  bool atomic = false;
};

/// The last write, and the last reads of two threads (of two warps where there are two).
struct Shadow {
  Access write;
  Access read;
  Access other_read;
};

struct Variable {
  const void* key = nullptr;  ///< the declaration
  const char* name = nullptr;
  std::byte* data = nullptr;
  std::size_t element_bytes = 0;
  std::size_t count = 0;
  std::vector<Shadow> shadow;
};

class SharedMemory {
 public:
  /// What a GPU has for `__shared__` variables of a block.
  static constexpr std::size_t kLimitBytes = 48 * 1024;

  SharedMemory();

  /// A block begins: no variables.
  void clear();
  /// The variable of this declaration, made if the block has none yet.
  Variable& variable(const void* key, const char* name, std::size_t element_bytes, std::size_t alignment,
                     std::size_t count);
  /// The variable that this address lies in, or null.
  [[nodiscard]] Variable* find(const void* address);
  /// The name of a variable that somebody wrote beside, or null.
  [[nodiscard]] const char* damaged() const;

 private:
  Variable& add(const void* key);

  std::unique_ptr<std::byte[]> arena_;
  std::vector<std::unique_ptr<Variable>> variables_;  // of all blocks so far; the first used_ are this one's
  std::size_t used_ = 0;
  std::size_t bytes_ = 0;  // of variables
  std::size_t next_ = 0;   // in the arena
};

/// The running thread's block's variable of a declaration.
Variable& shared_variable(const void* key, const char* name, std::size_t element_bytes, std::size_t alignment,
                          std::size_t count);

/// Reports element `index` of `variable` where another thread's access is not ordered with this one.
void note_read(Variable& variable, std::size_t index, bool atomic = false);
void note_write(Variable& variable, std::size_t index, bool atomic = false);
/// The same for an address, which may lie in no shared variable.
void note_address(const void* address, bool write, bool atomic);

[[noreturn]] void fail_index(const Variable& variable, std::size_t index);

}  // namespace pliant::simt
