(* Exactly the three axioms of mathcomp-analysis are allowed here: see the Makefile. *)
From RankProof.real Require exact_adjoint_real.
Print Assumptions exact_adjoint_real.real_exact_adjoint.
Print Assumptions exact_adjoint_real.squared_loss_errors.
