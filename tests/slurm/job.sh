#!/usr/bin/env bash
# Runs a job script with a stand-in for srun. Checks the command lines that it started and the results that it left.
# Usage: job.sh ROOT BUILD-FOLDER JOB WORK-FOLDER EXPECTED-RESULT... JOB.expected has the command lines.
set -euo pipefail
root=$1 build=$2 job=$3 work=$4
shift 4
rm -rf "$work"
mkdir -p "$work"
export SRUN_LOG=$work/srun.log RESULT_DIR=$work/results INSTALL_PREFIX=$build
export SLURM_SUBMIT_DIR=$root SLURM_JOB_ID=7 SLURM_JOB_NAME=test SLURM_CPUS_PER_TASK=1
PATH=$root/tests/slurm/bin:$PATH bash "$root/slurm/$job.sbatch"

sed "s|RESULT_DIR|$RESULT_DIR|g; s|PROGRAMS|$build/bin|g" "$root/tests/slurm/$job.expected" >"$work/expected.log"
diff "$work/expected.log" "$SRUN_LOG"
for result in job.txt "$@"; do
  if ! [[ -s $RESULT_DIR/$result ]]; then
    echo "$job.sbatch left no $result" >&2
    exit 1
  fi
done
grep -q '^scontrol show job 7$' "$RESULT_DIR/job.txt"
