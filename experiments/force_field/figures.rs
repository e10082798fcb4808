//! What is shown of reaches, losses and movements.

use std::error::Error;

use rankproof::matrix::Matrix;
use rankproof::report::{Experiment, Figure, Panel, Table};

use super::learner::{DIRECTIONS, Learner, Protocol};
use super::movement::Movement;

/// The paths of the mass at four moments.
pub fn show_reaches(
    experiment: &mut Experiment,
    learner: &Learner,
    reaches: &[(&str, Matrix<f64>); 4],
) -> Result<(), Box<dyn Error>> {
    let mut figure = Figure::new("Reaches of the point mass").columns(2);
    for (title, paths) in reaches {
        let mut panel = Panel::new(*title, "x (reach lengths)", "y (reach lengths)")
            .equal_scales()
            .x_range(-1.3, 1.3)
            .y_range(-1.3, 1.3);
        for trial in 0..DIRECTIONS {
            let at =
                |t: usize| (paths[(0, t * DIRECTIONS + trial)], paths[(1, t * DIRECTIONS + trial)]);
            panel = panel.line_in_style(0, "path", (0..=learner.protocol.steps).map(at));
        }
        let goals =
            (0..DIRECTIONS).map(|m| (learner.task.inputs[(0, m)], learner.task.inputs[(1, m)]));
        figure = figure.panel(panel.points(1, "target", goals));
    }
    let caption = "Straight reaches bend when the force field comes, straighten as the network adapts, and bend to the other side when the field has gone: the after-effect.";
    experiment.figure("reaches", caption, &figure)?;
    Ok(())
}

/// The loss at each recorded step.
pub fn show_losses(
    experiment: &mut Experiment,
    protocol: &Protocol,
    learner: &Learner,
    novice: &Learner,
) -> Result<(), Box<dyn Error>> {
    let curve = |losses: &[f64]| {
        losses.iter().enumerate().map(|(k, &loss)| (k as f64, loss)).collect::<Vec<_>>()
    };
    let panel = Panel::new("The field comes and goes", "recorded learning step", "loss")
        .log_y()
        .line("trained network", curve(&learner.losses))
        .line("untrained network", curve(&novice.losses));
    let caption = format!(
        "The loss over the recording: the field comes at step {} and goes at step {}.",
        protocol.baseline,
        protocol.baseline + protocol.adaptation
    );
    experiment.figure("losses", &caption, &Figure::single(panel))?;
    Ok(())
}

/// CP ranks, fixed spaces and singular values.
pub fn show_movements(
    experiment: &mut Experiment,
    movements: &[Movement; 3],
) -> Result<(), Box<dyn Error>> {
    let mut table =
        Table::new(["weights", "CP rank 95 %", "CP rank 99 %", "space 95 %", "space 99 %"]);
    let mut errors = Panel::new(
        "How many terms the movement of the weights needs",
        "CP rank",
        "share of the movement (%)",
    )
    .y_range(0.0, 104.0)
    .level("95 %", 95.0);
    let mut spectra = Figure::new("Singular values of the unfoldings of the N x N x K tensor");
    let tried = movements[0].by_rank.errors.len();
    for movement in movements {
        let over = |rank: usize| if rank > tried { format!("> {tried}") } else { rank.to_string() };
        table.row([
            movement.name.to_owned(),
            over(movement.cp_rank(0.95)),
            over(movement.cp_rank(0.99)),
            movement.dimension(0.95).to_string(),
            movement.dimension(0.99).to_string(),
        ]);
        let explained = (0..=tried).map(|r| (r as f64, 100.0 * movement.by_rank.explained(r)));
        errors = errors.line(movement.name, explained);
    }
    for (index, mode) in ["rows", "columns", "steps"].into_iter().enumerate() {
        let mut panel = Panel::new(format!("along the {mode}"), "number", "singular value / norm")
            .log_y()
            .y_range(1e-4, 1.0);
        for movement in movements {
            let values = movement.spectra[index].iter().take(40).enumerate();
            panel = panel.line(movement.name, values.map(|(i, &value)| (i as f64 + 1.0, value)));
        }
        spectra = spectra.panel(panel);
    }
    experiment.table("movement", "CP rank of the movement of the weights, and dimension of the fixed space it happens in, for 95 and 99 % of its square", &table)?;
    experiment.figure("cp_error", "A few rank-one terms hold almost all that learning did to the weights; a random walk with steps of the same size is not low-rank.", &Figure::single(errors))?;
    experiment.figure("unfoldings", "The singular values along rows, columns and steps fall fast for networks that learn, and do not for a random walk along rows and columns.", &spectra)?;
    Ok(())
}
