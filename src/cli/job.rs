//! Job scripts: the commands of a run in parts, as an engine for many machines takes them.

use std::ffi::OsString;
use std::path::Path;

use anyhow::bail;
use clap::{Args, ValueEnum};

use super::output::shell_word;
use super::part::without;
use crate::part::Part;

/// What a job script is made of.
#[derive(Args)]
#[command(next_help_heading = "Many machines")]
pub struct JobArguments {
    /// Compute nothing: print a script that submits the parts of this run and their collection, to
    /// be read and run.
    #[arg(long, value_enum, requires_all = ["parts", "out"], conflicts_with = "part")]
    job: Option<Engine>,
    /// Parts of the run.
    #[arg(
        long,
        value_name = "N",
        requires = "job",
        value_parser = clap::value_parser!(u32).range(1..=i64::from(Part::MOST))
    )]
    parts: Option<u32>,
    /// How long a part may take, as --time of the engine.
    #[arg(long, value_name = "TIME", requires = "job")]
    time_limit: Option<String>,
    /// The memory of a part, as --mem of the engine.
    #[arg(long, value_name = "SIZE", requires = "job")]
    mem: Option<String>,
    /// Where parts run, as --partition of the engine.
    #[arg(long, value_name = "NAME", requires = "job")]
    partition: Option<String>,
    /// The cores of a part, which computes on as many threads.
    #[arg(long, value_name = "CORES", requires = "job", value_parser = clap::value_parser!(u16).range(1..))]
    cpus: Option<u16>,
}

/// Who runs the parts.
#[derive(Clone, Copy, ValueEnum)]
enum Engine {
    /// Slurm: an array job, and a job that depends on it.
    Slurm,
}

/// The options that are of the script and not of the run.
const OF_SCRIPT: [&str; 7] =
    ["--job", "--parts", "--time-limit", "--time", "--mem", "--partition", "--cpus"];

/// How the run of a command is shared out.
pub struct Plan<'a> {
    /// The folder in which parts leave what they find.
    pub folder: &'a Path,
    /// How often each part is run.
    pub passes: usize,
    /// The file that the collection writes, and its option.
    pub written: Option<(&'a str, &'a Path)>,
}

impl JobArguments {
    /// Whether a script is asked for.
    pub fn is_asked(&self) -> bool {
        self.job.is_some()
    }

    /// The script, if one was asked for. `words` is the command line, the program first.
    pub fn script(&self, words: &[OsString], plan: &Plan) -> anyhow::Result<Option<String>> {
        let (Some(Engine::Slurm), Some(parts)) = (self.job, self.parts) else { return Ok(None) };
        let mut removed = OF_SCRIPT.to_vec();
        removed.extend(plan.written.map(|(option, _)| option));
        // `--time` is an option of `explore`: there it is of the run.
        let is_of_run = words.get(1).is_some_and(|command| command == "explore");
        removed.retain(|&option| !(is_of_run && option == "--time"));
        let words = without(words, &removed)?;
        if let Some(word) = words.iter().find(|word| word.contains(['\n', '\r'])) {
            bail!("{word:?}: has a line break, which a job script cannot have in a word");
        }
        Ok(Some(self.of_slurm(&words, parts, plan)))
    }

    fn of_slurm(&self, words: &[String], parts: u32, plan: &Plan) -> String {
        let quoted: Vec<String> = words.iter().map(|word| shell_word(word)).collect();
        let [program, command, rest @ ..] = quoted.as_slice() else { return String::new() };
        let rest: String = rest.iter().map(|word| format!(" {word}")).collect();
        let array = format!("sbatch --parsable --job-name=rankproof-{command} --array=1-{parts}");
        let options = self.options();
        let threads = match self.cpus {
            Some(_) => "export RAYON_NUM_THREADS=$SLURM_CPUS_PER_TASK\n",
            None => "",
        };
        let part = format!(
            "#!/bin/bash\n{threads}exec {program} {command} --part \"$SLURM_ARRAY_TASK_ID/{parts}\"{rest}"
        );
        let folder = shell_word(&plan.folder.display().to_string());
        let written = plan.written.map_or_else(String::new, |(option, path)| {
            format!(" {option} {}", shell_word(&path.display().to_string()))
        });
        let mut script = format!(
            "#!/bin/bash\n\
             # Submits {parts} parts of rankproof {command} and, when all are done, their collection:\n\
             #   bash THIS_FILE\n\
             # Again, if a part died: what is there is not computed again.\n\
             set -euo pipefail\n"
        );
        let mut after = String::new();
        for pass in 1..=plan.passes {
            if pass > 1 {
                script +=
                    "\n# Each part again: what it fits now depends on what all of them found.";
            }
            script += &format!("\nparts=$({array}{options}{after} <<'PART'\n{part}\nPART\n)\n");
            script += "echo \"Submitted array job $parts\"\n";
            after = " --dependency=\"afterok:$parts\"".to_owned();
        }
        script
            + &format!(
                "\nsbatch --job-name=rankproof-collect{options}{after} <<'COLLECT'\n\
                 #!/bin/bash\n{threads}exec {program} collect {folder}{written}\nCOLLECT\n"
            )
    }

    /// Those of sbatch.
    fn options(&self) -> String {
        let cpus = self.cpus.map(|cpus| cpus.to_string());
        let options = [
            ("time", &self.time_limit),
            ("mem", &self.mem),
            ("partition", &self.partition),
            ("cpus-per-task", &cpus),
        ];
        let given = options.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        given.map(|(name, value)| format!(" --{name}={}", shell_word(value))).collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Alone {
        #[arg(long)]
        out: Option<String>,
        #[arg(long)]
        part: Option<Part>,
        #[command(flatten)]
        job: JobArguments,
    }

    fn script(words: &[&str], passes: usize) -> anyhow::Result<String> {
        let options = words[2..].iter().filter(|word| !word.contains("odd"));
        let alone = Alone::parse_from(["job"].iter().chain(options));
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        let folder = alone.out.expect("a folder");
        let plan = Plan { folder: Path::new(&folder), passes, written: None };
        Ok(alone.job.script(&words, &plan)?.expect("a script"))
    }

    const WORDS: [&str; 12] = [
        "bin/rankproof",
        "verify",
        "--job",
        "slurm",
        "--out",
        "it's here",
        "--parts=40",
        "--time-limit",
        "1:00:00",
        "--mem=4G",
        "an odd name",
        "--cpus=2",
    ];

    #[test]
    fn words_are_quoted_and_those_of_the_script_left_out() {
        let script = script(&WORDS, 1).unwrap();
        let array = "parts=$(sbatch --parsable --job-name=rankproof-verify --array=1-40 \
                     --time='1:00:00' --mem=4G --cpus-per-task=2 <<'PART'\n#!/bin/bash\n\
                     export RAYON_NUM_THREADS=$SLURM_CPUS_PER_TASK\n\
                     exec bin/rankproof verify --part \"$SLURM_ARRAY_TASK_ID/40\" \
                     --out 'it'\\''s here' 'an odd name'\nPART\n)\n";
        assert!(script.contains(array), "{script}");
        assert!(script.contains("--dependency=\"afterok:$parts\""), "{script}");
        assert!(script.contains("collect 'it'\\''s here'\nCOLLECT\n"), "{script}");
        assert_eq!(script.matches("sbatch --").count(), 2);
    }

    #[test]
    fn a_second_pass_waits_for_the_first() {
        let script = script(&WORDS, 2).unwrap();
        assert_eq!(script.matches("sbatch --parsable").count(), 2, "{script}");
        assert_eq!(script.matches("afterok:$parts").count(), 2, "{script}");
    }

    #[test]
    fn a_word_with_a_line_break_is_refused() {
        let mut words = WORDS;
        words[10] = "odd\nPART";
        assert!(script(&words, 1).unwrap_err().to_string().contains("has a line break"));
    }
}
