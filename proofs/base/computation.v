(* Networks with integer data, computed inside Coq. Matrices are lists of integers,
   reduced modulo N (N = 0: not at all), so that vm_compute runs a whole training;
   every list stands for a matrix over any commutative ring in which N = 0, and the
   programs are proved to compute the model of base/model.v.

     zr z              the integer z in a ring R
     vecz n v, mxz m n A     the vector, the matrix over R that a list stands for
     xtrial            a trial with integer data; targets y_t of the squared loss,
                       or e_t itself when free = true
     statesL, adjointsL, gradsL     the programs
     instance          W_0, B_0, C_0, step size 1/-1 times eta, trials, what is trained
     runL N K          the parameters after K steps of gradient descent, as lists
     run R K           the same over the ring R, by the model's own gradients
     runE              run R K is what runL N K stands for, if N = 0 in R
     rank_certificate  rank >= r, from an elimination modulo a prime
     rank_mod_le       the rank modulo a prime bounds that in characteristic 0   *)
From Coq Require Import ZArith.
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Delimit Scope Z_scope with bz.
Local Open Scope ring_scope.

Section Cast.
Variable R : ringType.

Definition zr (z : Z) : R :=
  match z with
  | Z0 => 0 | Zpos n => (Pos.to_nat n)%:R | Zneg n => - (Pos.to_nat n)%:R
  end.

Lemma zr_nat n : zr (Z.of_nat n) = n%:R.
Proof. by case: n => //= n; rewrite SuccNat2Pos.id_succ. Qed.

Lemma zr_opp z : zr (- z)%bz = - zr z.
Proof. by case: z => [|n|n] /=; rewrite ?oppr0 ?opprK. Qed.

Lemma zr_sub m n : zr (Z.of_nat m - Z.of_nat n)%bz = m%:R - n%:R.
Proof.
case: (leqP n m) => le.
  rewrite -Nat2Z.inj_sub; last exact/leP.
  by rewrite zr_nat -[(m - n)%coq_nat]/(m - n)%N natrB.
have -> : (Z.of_nat m - Z.of_nat n = - (Z.of_nat n - Z.of_nat m))%bz by ring.
rewrite zr_opp -Nat2Z.inj_sub; last exact/leP/ltnW.
by rewrite zr_nat -[(n - m)%coq_nat]/(n - m)%N natrB ?opprB // ltnW.
Qed.

Lemma zP z : exists m n, z = (Z.of_nat m - Z.of_nat n)%bz.
Proof.
case: z => [|n|n]; first by exists 0%N, 0%N.
  by exists (Pos.to_nat n), 0%N; rewrite Z.sub_0_r positive_nat_Z.
by exists 0%N, (Pos.to_nat n); rewrite Z.sub_0_l positive_nat_Z.
Qed.

Lemma zrD x y : zr (x + y)%bz = zr x + zr y.
Proof.
have [a [b ->]] := zP x; have [c [d ->]] := zP y.
have -> : (Z.of_nat a - Z.of_nat b + (Z.of_nat c - Z.of_nat d) =
  Z.of_nat (a + c) - Z.of_nat (b + d))%bz by rewrite !Nat2Z.inj_add; ring.
by rewrite !zr_sub !natrD opprD addrACA.
Qed.

Lemma zrB x y : zr (x - y)%bz = zr x - zr y.
Proof. by rewrite -zr_opp -zrD. Qed.

Lemma zrM x y : zr (x * y)%bz = zr x * zr y.
Proof.
have [a [b ->]] := zP x; have [c [d ->]] := zP y.
have -> : ((Z.of_nat a - Z.of_nat b) * (Z.of_nat c - Z.of_nat d) =
  Z.of_nat (a * c + b * d) - Z.of_nat (a * d + b * c))%bz.
  by rewrite !Nat2Z.inj_add !Nat2Z.inj_mul; ring.
by rewrite !zr_sub !natrD !natrM mulrBl !mulrBr opprB addrACA opprD -!addrA; congr (_ + _).
Qed.
End Cast.

(* ---- lists as vectors and matrices ---- *)
Definition vec := seq Z.
Definition mat := seq (seq Z).
Definition vget (v : vec) i := nth 0%bz v i.
Definition mget (A : mat) i j := vget (nth [::] A i) j.

Section Programs.
Variable N : Z.
Definition red z := if N is Z0 then z else Z.modulo z N.
Definition sumZ n (f : nat -> Z) := red (foldr (fun i s => f i + s)%bz 0%bz (iota 0 n)).
Definition vtab n (f : nat -> Z) : vec := [seq red (f i) | i <- iota 0 n].
Definition mtab m n (f : nat -> nat -> Z) : mat := [seq vtab n (f i) | i <- iota 0 m].

Definition mvL m n A v := vtab m (fun i => let r := nth [::] A i in
  sumZ n (fun j => vget r j * vget v j)%bz).
Definition mmL m n k A B := mtab m k (fun i j => let r := nth [::] A i in
  sumZ n (fun l => vget r l * mget B l j)%bz).
Definition trL m n A := mtab n m (fun i j => mget A j i).
Definition vaddL n u v := vtab n (fun i => vget u i + vget v i)%bz.
Definition vscaleL n c v := vtab n (fun i => c * vget v i)%bz.
Definition vmapL n (f : Z -> Z) v := vtab n (fun i => f (vget v i)).
Definition vmulL n u v := vtab n (fun i => vget u i * vget v i)%bz.
Definition maddL m n A B := mtab m n (fun i j => mget A i j + mget B i j)%bz.
Definition mscaleL m n c A := mtab m n (fun i j => c * mget A i j)%bz.
(* sum of the outer products of two lists of vectors *)
Definition outerL m n T (ls hs : seq vec) := mtab m n (fun i j =>
  sumZ T (fun t => vget (nth [::] ls t) i * vget (nth [::] hs t) j)%bz).
End Programs.

Section Meaning.
Variables (R : comRingType) (N : Z).
Hypothesis N0 : zr R N = 0.
Local Notation zr := (zr R).

Definition vecz n (v : vec) : 'cV[R]_n := \col_i zr (vget v i).
Definition mxz m n (A : mat) : 'M[R]_(m, n) := \matrix_(i, j) zr (mget A i j).

Lemma zr_red z : zr (red N z) = zr z.
Proof.
rewrite /red; case eN: N => [|n|n] //; rewrite -eN.
  by rewrite {2}(Z.div_mod z N) ?eN // -eN zrD zrM N0 mul0r add0r.
by rewrite {2}(Z.div_mod z N) ?eN // -eN zrD zrM N0 mul0r add0r.
Qed.

Lemma zr_sumZ n f : zr (sumZ N n f) = \sum_(i < n) zr (f i).
Proof.
rewrite /sumZ zr_red -(big_mkord xpredT (fun i => zr (f i))) /index_iota subn0.
elim: (iota 0 n) => [|i r IHr]; first by rewrite big_nil.
by rewrite big_cons /= zrD IHr.
Qed.

Lemma vget_vtab n f i : (i < n)%N -> zr (vget (vtab N n f) i) = zr (f i).
Proof. by move=> ni; rewrite /vget (nth_map 0%N) ?size_iota // nth_iota // zr_red. Qed.

Lemma mget_mtab m n f i j : (i < m)%N -> (j < n)%N ->
  zr (mget (mtab N m n f) i j) = zr (f i j).
Proof. by move=> mi nj; rewrite /mget (nth_map 0%N) ?size_iota // nth_iota // vget_vtab. Qed.

Lemma vecz_vtab n f : vecz n (vtab N n f) = \col_i zr (f i).
Proof. by apply/colP=> i; rewrite !mxE vget_vtab. Qed.
Lemma mxz_mtab m n f : mxz m n (mtab N m n f) = \matrix_(i, j) zr (f i j).
Proof. by apply/matrixP=> i j; rewrite !mxE mget_mtab. Qed.

Lemma vecz_mv m n A v : vecz m (mvL N m n A v) = mxz m n A *m vecz n v.
Proof.
rewrite vecz_vtab; apply/colP=> i; rewrite !mxE zr_sumZ.
by apply: eq_bigr => j _; rewrite !mxE zrM.
Qed.
Lemma mxz_mm m n k A B : mxz m k (mmL N m n k A B) = mxz m n A *m mxz n k B.
Proof.
rewrite mxz_mtab; apply/matrixP=> i j; rewrite !mxE zr_sumZ.
by apply: eq_bigr => l _; rewrite !mxE zrM.
Qed.
Lemma mxz_tr m n A : mxz n m (trL N m n A) = (mxz m n A)^T.
Proof. by rewrite mxz_mtab; apply/matrixP=> i j; rewrite !mxE. Qed.
Lemma vecz_add n u v : vecz n (vaddL N n u v) = vecz n u + vecz n v.
Proof. by rewrite vecz_vtab; apply/colP=> i; rewrite !mxE zrD. Qed.
Lemma vecz_scale n c v : vecz n (vscaleL N n c v) = zr c *: vecz n v.
Proof. by rewrite vecz_vtab; apply/colP=> i; rewrite !mxE zrM. Qed.
Lemma vecz_mul n u v : vecz n (vmulL N n u v) = had (vecz n u) (vecz n v).
Proof. by rewrite vecz_vtab; apply/matrixP=> i j; rewrite !mxE zrM. Qed.
Lemma vecz_map n (f : Z -> Z) (g : R -> R) v : (forall z, zr (f z) = g (zr z)) ->
  vecz n (vmapL N n f v) = map_mx g (vecz n v).
Proof. by move=> fg; rewrite vecz_vtab; apply/colP=> i; rewrite !mxE fg. Qed.
Lemma mxz_add m n A B : mxz m n (maddL N m n A B) = mxz m n A + mxz m n B.
Proof. by rewrite mxz_mtab; apply/matrixP=> i j; rewrite !mxE zrD. Qed.
Lemma mxz_scale m n c A : mxz m n (mscaleL N m n c A) = zr c *: mxz m n A.
Proof. by rewrite mxz_mtab; apply/matrixP=> i j; rewrite !mxE zrM. Qed.
Lemma mxz_outer m n T ls hs : mxz m n (outerL N m n T ls hs) =
  \sum_(t < T) vecz m (nth [::] ls t) *m (vecz n (nth [::] hs t))^T.
Proof.
rewrite mxz_mtab; apply/matrixP=> i j; rewrite summxE !mxE zr_sumZ.
by apply: eq_bigr => t _; rewrite !mxE big_ord1 !mxE zrM.
Qed.
End Meaning.

(* ---- a training run ---- *)
Record xtrial := XTrial {
  xT : nat; xh0 : vec; xu : seq vec;
  xy : seq vec;           (* targets of the squared loss .. *)
  xfree : bool            (* .. or, if true, e_t itself *)
}.

Section ListNetwork.
Variables (N : Z) (n p q : nat) (za : Z) (zphi zpsi zdphi zdpsi : Z -> Z).
Variables (W B C : mat) (x : xtrial).

Definition rateL h := vmapL N n zpsi h.
Definition preL h t := vaddL N n (mvL N n n W (rateL h)) (mvL N n p B (nth [::] (xu x) t)).
Definition stepL h t :=
  vaddL N n (vscaleL N n (1 - za)%bz h) (vscaleL N n za (vmapL N n zphi (preL h t))).
Fixpoint statesL k t h : seq vec :=
  h :: if k is k'.+1 then statesL k' t.+1 (stepL h t) else [::].

Definition errorL h t : vec :=
  if xfree x then nth [::] (xy x) t
  else vaddL N q (mvL N q n C (rateL h)) (vscaleL N q (-1)%bz (nth [::] (xy x) t)).

Section Backward.
Variables (hs es : seq vec) (Wt Ct : mat).
Definition deltaL t l := vmulL N n (vmapL N n zdphi (preL (nth [::] hs t) t)) l.
Definition astepL t l :=
  vaddL N n (vscaleL N n (1 - za)%bz l)
    (vmulL N n (vmapL N n zdpsi (nth [::] hs t))
       (vaddL N n (mvL N n q Ct (nth [::] es t)) (vscaleL N n za (mvL N n n Wt (deltaL t l))))).
Fixpoint adjointsL k r l : seq vec :=
  l :: if k is k'.+1 then adjointsL k' r.+1 (astepL (xT x - r.+1) l) else [::].
End Backward.

Definition gradsL : mat * mat * mat :=
  let T := xT x in
  let hs := statesL T 0 (xh0 x) in
  let es := [seq errorL (nth [::] hs t) t | t <- iota 0 T.+1] in
  let Wt := trL N n n W in
  let Ct := trL N q n C in
  let ls := adjointsL hs es Wt Ct T 0
    (vmulL N n (vmapL N n zdpsi (nth [::] hs T)) (mvL N n q Ct (nth [::] es T))) in
  let ds := [seq deltaL hs t (nth [::] ls (T - t.+1)) | t <- iota 0 T] in
  let rs := [seq rateL h | h <- hs] in
  (mscaleL N n n za (outerL N n n T ds rs), mscaleL N n p za (outerL N n p T ds (xu x)),
   outerL N q n T.+1 es rs).
End ListNetwork.

Section NetworkMeaning.
Variables (R : comRingType) (N : Z) (n p q : nat) (za : Z) (zphi zpsi zdphi zdpsi : Z -> Z).
Variables (phi psi dphi dpsi : R -> R).
Hypothesis N0 : zr R N = 0.
Hypotheses (ephi : forall z, zr R (zphi z) = phi (zr R z))
  (epsi : forall z, zr R (zpsi z) = psi (zr R z))
  (edphi : forall z, zr R (zdphi z) = dphi (zr R z))
  (edpsi : forall z, zr R (zdpsi z) = dpsi (zr R z)).
Local Notation a := (zr R za).
Local Notation vecz := (vecz R).
Local Notation mxz := (mxz R).

(* the trial of the model; its errors depend on the parameters if the loss is squared *)
Definition inputs_trial (x : xtrial) : trial R n p q :=
  Trial (xT x) (vecz n (xh0 x)) (fun t => vecz p (nth [::] (xu x) t)) (fun=> 0).
Definition trial_of (W : 'M[R]_n) B C (x : xtrial) : trial R n p q :=
  Trial (xT x) (vecz n (xh0 x)) (fun t => vecz p (nth [::] (xu x) t))
    (fun t => if xfree x then vecz q (nth [::] (xy x) t)
              else out a phi psi W B C (inputs_trial x) t - vecz q (nth [::] (xy x) t)).

Lemma hid_trial_of W B C x t :
  hid a phi psi W B (trial_of W B C x) t = hid a phi psi W B (inputs_trial x) t.
Proof. by elim: t => // t IHt; rewrite !hidS /pre /rate IHt. Qed.

Variables (W B C : mat) (x : xtrial).
Let WR := mxz n n W.
Let BR := mxz n p B.
Let CR := mxz q n C.
Let X := trial_of WR BR CR x.
Notation hidR := (hid a phi psi WR BR X).
Notation hs := (statesL N n p za zphi zpsi W B x (xT x) 0 (xh0 x)).

Lemma one_minus_a : zr R (1 - za)%bz = 1 - a.
Proof. by rewrite zrB. Qed.

Lemma vecz_rate h t : vecz n h = hidR t ->
  vecz n (rateL N n zpsi h) = rate a phi psi WR BR X t.
Proof. by move=> eh; rewrite (vecz_map N0 _ _ epsi) eh. Qed.

Lemma vecz_pre h t : vecz n h = hidR t ->
  vecz n (preL N n p zpsi W B x h t) = pre a phi psi WR BR X t.
Proof. by move=> eh; rewrite vecz_add // !vecz_mv // (vecz_rate eh). Qed.

Lemma nth_statesL k t h j : vecz n h = hidR t -> (j <= k)%N ->
  vecz n (nth [::] (statesL N n p za zphi zpsi W B x k t h) j) = hidR (t + j)%N.
Proof.
elim: k t h j => [|k IHk] t h [|j] eh //= jk; rewrite ?addn0 //.
rewrite addnS -addSn; apply: IHk => //.
by rewrite vecz_add // !vecz_scale // one_minus_a (vecz_map N0 _ _ ephi) (vecz_pre eh) eh hidS.
Qed.

Lemma vecz_state t : (t <= xT x)%N -> vecz n (nth [::] hs t) = hidR t.
Proof. by move=> tT; rewrite nth_statesL. Qed.

Lemma vecz_error t : (t <= xT x)%N ->
  vecz q (errorL N n q zpsi C x (nth [::] hs t) t) = te X t.
Proof.
move=> tT; rewrite /errorL /X /=; case: (xfree x) => //.
rewrite vecz_add // vecz_mv // (vecz_rate (vecz_state tT)) vecz_scale // /out /rate.
by rewrite hid_trial_of /= [in Pos.to_nat _]/= mulr1n scaleN1r.
Qed.

Notation es := [seq errorL N n q zpsi C x (nth [::] hs t) t | t <- iota 0 (xT x).+1].
Notation Wt := (trL N n n W).
Notation Ct := (trL N q n C).
Notation adjR := (adjr a phi psi dphi dpsi WR BR CR X).

Lemma vecz_es t : (t <= xT x)%N -> vecz q (nth [::] es t) = te X t.
Proof. by move=> tT; rewrite (nth_map 0%N) ?size_iota // nth_iota // vecz_error. Qed.

Lemma nth_adjointsL k r l j : vecz n l = adjR r -> (r + k <= xT x)%N -> (j <= k)%N ->
  vecz n (nth [::] (adjointsL N n p q za zpsi zdphi zdpsi W B x hs es Wt Ct k r l) j) =
  adjR (r + j)%N.
Proof.
elim: k r l j => [|k IHk] r l [|j] el rk //= jk; rewrite ?addn0 //.
have tT : (xT x - r.+1 <= xT x)%N by rewrite leq_subr.
rewrite addnS -addSn; apply: IHk => //; last by rewrite addSnnS.
rewrite vecz_add // vecz_scale // one_minus_a vecz_mul // (vecz_map N0 _ _ edpsi).
rewrite vecz_add // vecz_mv // mxz_tr // vecz_scale // vecz_mv // mxz_tr // vecz_mul //.
by rewrite (vecz_map N0 _ _ edphi) (vecz_pre (vecz_state tT)) vecz_state // vecz_es // el adjrS.
Qed.

Theorem gradsLE : let: (gW, gB, gC) := gradsL N n p q za zphi zpsi zdphi zdpsi W B C x in
  [/\ mxz n n gW = gradW a phi psi dphi dpsi WR BR CR X,
      mxz n p gB = gradB a phi psi dphi dpsi WR BR CR X &
      mxz q n gC = gradC a phi psi WR BR X].
Proof.
rewrite /gradsL; set T := xT x; set ls := adjointsL _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ T 0 _.
have size_hs : size hs = T.+1.
  suff sz k t h : size (statesL N n p za zphi zpsi W B x k t h) = k.+1 by rewrite sz.
  by elim: k t h => //= k IHk t h; rewrite IHk.
have els j : (j <= T)%N -> vecz n (nth [::] ls j) = adjR j.
  move=> jT; rewrite /ls nth_adjointsL //; rewrite vecz_mul // (vecz_map N0 _ _ edpsi).
  by rewrite vecz_state // vecz_mv // mxz_tr // vecz_es.
have eds t : (t < T)%N -> vecz n (nth [::] [seq deltaL N n p zpsi zdphi W B x hs t
    (nth [::] ls (T - t.+1)) | t <- iota 0 T] t) = delta a phi psi dphi dpsi WR BR CR X t.
  move=> tT; rewrite (nth_map 0%N) ?size_iota // nth_iota // vecz_mul // (vecz_map N0 _ _ edphi).
  by rewrite (vecz_pre (vecz_state (ltnW tT))) els ?leq_subr.
have ers t : (t <= T)%N -> vecz n (nth [::] [seq rateL N n zpsi h | h <- hs] t) =
    rate a phi psi WR BR X t.
  move=> tT; rewrite (nth_map [::]); last by rewrite size_hs.
  by rewrite (vecz_rate (vecz_state tT)).
split.
- rewrite mxz_scale // mxz_outer //; congr (_ *: _); apply: eq_bigr => t _.
  by rewrite eds // ers // ltnW.
- rewrite mxz_scale // mxz_outer //; congr (_ *: _); apply: eq_bigr => t _.
  by rewrite eds.
- rewrite mxz_outer //; apply: eq_bigr => t _.
  by rewrite vecz_es ?ers // -ltnS.
Qed.
End NetworkMeaning.

Record instance := Instance {
  iW : mat; iB : mat; iC : mat;       (* the start *)
  ieta : Z;                           (* the step size *)
  itrained : bool;                    (* whether B and C are trained, too *)
  itrials : nat -> seq xtrial         (* the trials of each learning step *)
}.
Definition no_trial := XTrial 0 [::] [::] [::] false.

Section ListRun.
Variables (N : Z) (n p q : nat) (za : Z) (zphi zpsi zdphi zdpsi : Z -> Z) (I : instance).

Definition descendL m1 m2 A (gs : seq mat) :=
  maddL N m1 m2 A (mscaleL N m1 m2 (- ieta I)%bz (foldr (maddL N m1 m2) [::] gs)).
Definition updateL k (s : mat * mat * mat) :=
  let: (W, B, C) := s in
  let gs := [seq gradsL N n p q za zphi zpsi zdphi zdpsi W B C x | x <- itrials I k] in
  (descendL n n W [seq g.1.1 | g <- gs],
   (if itrained I then descendL n p B [seq g.1.2 | g <- gs] else B),
   (if itrained I then descendL q n C [seq g.2 | g <- gs] else C)).
Fixpoint runL k := if k is k'.+1 then updateL k' (runL k') else (iW I, iB I, iC I).
End ListRun.

Section RunMeaning.
Variables (R : comRingType) (N : Z) (n p q : nat) (za : Z) (zphi zpsi zdphi zdpsi : Z -> Z).
Variables (phi psi dphi dpsi : R -> R) (I : instance).
Hypothesis N0 : zr R N = 0.
Hypotheses (ephi : forall z, zr R (zphi z) = phi (zr R z))
  (epsi : forall z, zr R (zpsi z) = psi (zr R z))
  (edphi : forall z, zr R (zdphi z) = dphi (zr R z))
  (edpsi : forall z, zr R (zdpsi z) = dpsi (zr R z)).
Local Notation a := (zr R za).
Local Notation eta := (zr R (ieta I)).
Local Notation mxz := (mxz R).

(* gradient descent by the gradients of the model *)
Definition data k (s : 'M[R]_n * 'M[R]_(n, p) * 'M[R]_(q, n)) m : trial R n p q :=
  trial_of za phi psi s.1.1 s.1.2 s.2 (nth no_trial (itrials I k) m).
Definition update k (s : 'M[R]_n * 'M[R]_(n, p) * 'M[R]_(q, n)) :=
  (s.1.1 - eta *: (\sum_(m < size (itrials I k))
     gradW a phi psi dphi dpsi s.1.1 s.1.2 s.2 (data k s m)),
   s.1.2 - (if itrained I then eta *: (\sum_(m < size (itrials I k))
     gradB a phi psi dphi dpsi s.1.1 s.1.2 s.2 (data k s m)) else 0),
   s.2 - (if itrained I then eta *: (\sum_(m < size (itrials I k))
     gradC a phi psi s.1.1 s.1.2 (data k s m)) else 0)).
Fixpoint run k := if k is k'.+1 then update k' (run k')
  else (mxz n n (iW I), mxz n p (iB I), mxz q n (iC I)).

Lemma mxz_descend m1 m2 A (gs : seq mat) : mxz m1 m2 (descendL N I m1 m2 A gs) =
  mxz m1 m2 A - eta *: \sum_(g <- gs) mxz m1 m2 g.
Proof.
rewrite mxz_add // mxz_scale // zr_opp scaleNr; congr (_ - _ *: _).
elim: gs => [|g gs IHgs]; last by rewrite big_cons -IHgs /= mxz_add.
by rewrite big_nil; apply/matrixP=> i j; rewrite !mxE /mget /vget !nth_nil.
Qed.

Theorem runE k : let: (W, B, C) := runL N n p q za zphi zpsi zdphi zdpsi I k in
  run k = (mxz n n W, mxz n p B, mxz q n C).
Proof.
elim: k => //= k; case: (runL _ _ _ _ _ _ _ _ _ _ k) => [[W B] C] ->; rewrite /update /updateL /=.
have sumE (V : zmodType) (f g : xtrial -> V) : (forall x, f x = g x) ->
    \sum_(x <- itrials I k) f x = \sum_(m < size (itrials I k)) g (nth no_trial (itrials I k) m).
  move=> fg; rewrite (big_nth no_trial) big_mkord.
  by apply: eq_bigr => m _; rewrite fg.
have gE x := @gradsLE R N n p q za _ _ _ _ _ _ _ _ N0 ephi epsi edphi edpsi W B C x.
pose WR := mxz n n W; pose BR := mxz n p B; pose CR := mxz q n C.
pose X := trial_of za phi psi WR BR CR.
congr (_, _, _).
- rewrite mxz_descend !big_map; congr (_ - _ *: _); apply/esym.
  apply: (sumE _ _ (fun x => gradW a phi psi dphi dpsi WR BR CR (X x))) => x.
  by move: (gE x); case: (gradsL _ _ _ _ _ _ _ _ _ _ _ _ x) => [[gW gB] gC] [].
- case: (itrained I); last by rewrite subr0.
  rewrite mxz_descend !big_map; congr (_ - _ *: _); apply/esym.
  apply: (sumE _ _ (fun x => gradB a phi psi dphi dpsi WR BR CR (X x))) => x.
  by move: (gE x); case: (gradsL _ _ _ _ _ _ _ _ _ _ _ _ x) => [[gW gB] gC] [].
- case: (itrained I); last by rewrite subr0.
  rewrite mxz_descend !big_map; congr (_ - _ *: _); apply/esym.
  apply: (sumE _ _ (fun x => gradC a phi psi WR BR (X x))) => x.
  by move: (gE x); case: (gradsL _ _ _ _ _ _ _ _ _ _ _ _ x) => [[gW gB] gC] [].
Qed.
End RunMeaning.

(* ---- rank certificates: P A Q = 1 modulo N ---- *)
Section Certificate.
Variable N : Z.

Fixpoint power (b : Z) (e : positive) : Z :=
  match e with
  | xH => b
  | xO e' => let s := power b e' in red N (s * s)%bz
  | xI e' => let s := power b e' in red N (s * s * b)%bz
  end.
Definition inverse b := if (N - 2)%bz is Zpos e then power b e else 0%bz.

Definition axpy (c : Z) (u v : vec) : vec :=     (* u - c v *)
  [seq red N (uv.1 - c * uv.2)%bz | uv <- zip u v].

(* one row at a time; a pivot is its column, its row and the combination of the rows of A
   that it is; the pivot columns of the other rows vanish *)
Fixpoint insert_row (pivots : seq (nat * vec * vec)) (r c : vec) :=
  if pivots is (j, r', c') :: rest then
    let f := vget r j in insert_row rest (axpy f r r') (axpy f c c')
  else (r, c).
Definition add_row pivots rc :=
  let: (r, c) := insert_row pivots rc.1 rc.2 in
  let j := find (fun z => ~~ Z.eqb z 0) r in
  if (j < size r)%N then
    let i := inverse (vget r j) in
    let r1 := [seq red N (i * z)%bz | z <- r] in
    let c1 := [seq red N (i * z)%bz | z <- c] in
    rcons [seq let f := vget jrc.1.2 j in
               (jrc.1.1, axpy f jrc.1.2 r1, axpy f jrc.2 c1) | jrc <- pivots] (j, r1, c1)
  else pivots.
Definition eliminate m n (A : mat) :=
  foldl add_row [::] [seq (vtab N n (vget (nth [::] A i)),
    vtab N m (fun j => if j == i then 1%bz else 0%bz)) | i <- iota 0 m].

Definition rank_ok m n r (A : mat) : bool :=
  let pivots := eliminate m n A in
  let P := [seq jrc.2 | jrc <- pivots] in
  let Q := mtab N n r (fun i j =>
    if i == (nth (0%N, [::], [::]) pivots j).1.1 then 1%bz else 0%bz) in
  let X := mmL N r n r (mmL N r m n P A) Q in
  all (fun i => all (fun j => Z.eqb (mget X i j) (if i == j then 1 else 0)%bz) (iota 0 r)) (iota 0 r).

Lemma rank_certificate (F : fieldType) m n r A : zr F N = 0 -> rank_ok m n r A ->
  (r <= \rank (mxz F m n A))%N.
Proof.
move=> N0; rewrite /rank_ok; set P := [seq _ | _ <- _]; set Q := mtab _ _ _ _; move=> ok.
have PAQ : mxz F r m P *m mxz F m n A *m mxz F n r Q = 1%:M.
  rewrite -!(mxz_mm N0); apply/matrixP=> i j; rewrite !mxE.
  have /allP/(_ i) := ok; rewrite mem_iota ltn_ord => /(_ isT)/allP/(_ j).
  rewrite mem_iota ltn_ord => /(_ isT)/Z.eqb_eq ->.
  by rewrite -val_eqE; case: (_ == _) => //; rewrite /= mulr1n.
have := mxrankM_maxl (mxz F r m P *m mxz F m n A) (mxz F n r Q).
rewrite PAQ mxrank1 => le1; apply: leq_trans le1 _; exact: mxrankM_maxr.
Qed.
End Certificate.

(* from characteristic P to characteristic 0 *)
Section Lift.
Variables (P : nat) (R : numFieldType).
Hypothesis prP : prime P.
Local Notation F := [fieldType of 'F_P].

Lemma zr_prime : zr F (Z.of_nat P) = 0.
Proof. by rewrite zr_nat char_Fp_0. Qed.

Theorem rank_mod_le m n A : (\rank (mxz F m n A) <= \rank (mxz R m n A))%N.
Proof.
set Ap : 'M['F_P]_(m, n) := mxz F m n A; set r := \rank Ap.
pose lift k l (B : 'M['F_P]_(k, l)) : 'M[int]_(k, l) := map_mx (fun x : 'F_P => (x : nat)%:Z) B.
pose Ai : 'M[int]_(m, n) := mxz [comRingType of int] m n A.
have toF (S : comRingType) z : (zr [ringType of int] z)%:~R = zr S z.
  by case: z => //= k; rewrite ?rmorphN /= -?pmulrn ?mulrz_nat ?intz // natz.
have liftK k l (B : 'M['F_P]_(k, l)) : map_mx intr (lift _ _ B) = B.
  by apply/matrixP=> i j; rewrite !mxE /= -pmulrn natr_Zp.
have AiE (S : comRingType) : map_mx intr Ai = mxz S m n A.
  by apply/matrixP=> i j; rewrite !mxE toF.
pose L := lift _ _ (pinvmx (col_base Ap)); pose Q := lift _ _ (pinvmx (row_base Ap)).
have LAQ : map_mx intr (L *m Ai *m Q) = 1%:M :> 'M['F_P]_r.
  have : pinvmx (col_base Ap) *m (col_base Ap *m row_base Ap) *m pinvmx (row_base Ap) = 1%:M.
    by rewrite mulmxA mulVpmx ?col_base_full // mul1mx mulmxVp ?row_base_free.
  by rewrite mulmx_base !map_mxM !liftK AiE.
have nz : \det (L *m Ai *m Q) != 0.
  apply/eqP => d0; have := det_map_mx (intmul1_rmorphism [ringType of 'F_P]) (L *m Ai *m Q).
  by rewrite /= d0 LAQ det1 => /eqP; rewrite oner_eq0.
have un : (map_mx intr (L *m Ai *m Q) : 'M[R]_r) \in unitmx.
  rewrite unitmxE (det_map_mx (intmul1_rmorphism R)) unitfE /= intr_eq0.
  exact: nz.
have := mxrank_unit un; rewrite !map_mxM AiE => rk.
rewrite -[r]rk; apply: leq_trans (mxrankM_maxl _ _) (mxrankM_maxr _ _).
Qed.
End Lift.

(* ---- what a computation modulo a prime says of a run over a field ---- *)
Section Checks.
Variables (P : nat) (n p q : nat) (za : Z) (zphi zpsi zdphi zdpsi : Z -> Z) (I : instance).
Hypothesis prP : prime P.
Variables phi psi dphi dpsi : forall S : comRingType, S -> S.
Hypotheses (ephi : forall (S : comRingType) z, zr S (zphi z) = phi (zr S z))
  (epsi : forall (S : comRingType) z, zr S (zpsi z) = psi (zr S z))
  (edphi : forall (S : comRingType) z, zr S (zdphi z) = dphi (zr S z))
  (edpsi : forall (S : comRingType) z, zr S (zdpsi z) = dpsi (zr S z)).
Local Notation N := (Z.of_nat P).
Local Notation runL N := (runL N n p q za zphi zpsi zdphi zdpsi I).
Local Notation updateL := (updateL N n p q za zphi zpsi zdphi zdpsi I).
Local Notation run S := (@run S n p q za (@phi S) (@psi S) (@dphi S) (@dpsi S) I).
Local Notation F := [fieldType of 'F_P].

(* at least these ranks of W_k and of the step W_{k+1} - W_k *)
Fixpoint ranks_from k s (rs : seq (nat * nat)) :=
  if rs is (r, g) :: rs' then
    let s' := updateL k s in
    [&& rank_ok N n n r s.1.1,
        rank_ok N n n g (maddL N n n s'.1.1 (mscaleL N n n (-1)%bz s.1.1)) &
        ranks_from k.+1 s' rs']
  else true.
Definition ranks_ok := ranks_from 0 (iW I, iB I, iC I).

(* at least this rank of the unfolding of W_0 .. W_{K-1} *)
Fixpoint statesW k K s : seq mat := s.1.1 :: if K is K'.+1 then statesW k.+1 K' (updateL k s) else [::].
Definition unfolding_ok K r :=
  let Ws := statesW 0 K (iW I, iB I, iC I) in
  rank_ok N K (n * n) r (mtab N K (n * n) (fun k s => mget (nth [::] Ws k) (s %/ n) (s %% n))).

Lemma runE_at (S : comRingType) N' k : zr S N' = 0 ->
  (run S k).1.1 = mxz S n n (runL N' k).1.1.
Proof.
move=> N0; have := @runE S N' n p q za _ _ _ _ _ _ _ _ I N0 (ephi S) (epsi S) (edphi S) (edpsi S) k.
by case: (computation.runL _ _ _ _ _ _ _ _ _ _ k) => [[W B] C] /= ->.
Qed.

Lemma N0 : zr F N = 0. Proof. exact: zr_prime. Qed.

Lemma ranks_from_le (R : numFieldType) rs k j : ranks_from k (runL N k) rs -> (j < size rs)%N ->
  ((nth (0, 0)%N rs j).1 <= \rank (run R (k + j)).1.1)%N /\
  ((nth (0, 0)%N rs j).2 <= \rank ((run R (k + j).+1).1.1 - (run R (k + j)).1.1)%R)%N.
Proof.
elim: rs k j => [//|[r g] rs IHrs] k [|j] /and3P[ok okg oks] jr; last first.
  by rewrite addnS -addSn; apply: (IHrs k.+1).
have e0 : nth (0, 0)%N ((r, g) :: rs) 0 = (r, g) by [].
rewrite addn0 e0; split.
  apply: leq_trans (rank_certificate N0 ok) _.
  rewrite -(runE_at _ N0) (@runE_at F 0%bz) // (@runE_at R 0%bz) //.
  exact: (@rank_mod_le P R).
apply: leq_trans (rank_certificate N0 okg) _.
rewrite mxz_add ?N0 // mxz_scale ?N0 // [zr _ (-1)%bz]/= [in Pos.to_nat _]/= mulr1n scaleN1r.
rewrite -[updateL k _]/(runL N k.+1) -!(runE_at _ N0) !(@runE_at F 0%bz) // !(@runE_at R 0%bz) //.
have sub (S : comRingType) A B : mxz S n n A - mxz S n n B =
    mxz S n n (maddL 0 n n A (mscaleL 0 n n (-1)%bz B)).
  by rewrite mxz_add // mxz_scale // [zr _ (-1)%bz]/= [in Pos.to_nat _]/= mulr1n scaleN1r.
rewrite !sub; exact: (@rank_mod_le P R).
Qed.

Theorem ranks_ge (R : numFieldType) rs k : ranks_ok rs -> (k < size rs)%N ->
  ((nth (0, 0)%N rs k).1 <= \rank (run R k).1.1)%N /\
  ((nth (0, 0)%N rs k).2 <= \rank ((run R k.+1).1.1 - (run R k).1.1)%R)%N.
Proof. exact: (@ranks_from_le R rs 0). Qed.

Lemma nth_statesW k K j : (j <= K)%N ->
  nth [::] (statesW k K (runL N k)) j = (runL N (k + j)).1.1.
Proof.
elim: K k j => [|K IHK] k [|j] //= jK; rewrite ?addn0 //.
by rewrite -[updateL k _]/(runL N k.+1) IHK // addSnnS.
Qed.

Theorem unfolding_rank_ge (R : numFieldType) K r : (0 < n)%N -> unfolding_ok K r ->
  (r <= \rank (\matrix_(k < K) mxvec (run R k).1.1))%N.
Proof.
move=> n0 ok; have lt_div (s : 'I_(n * n)) : (s %/ n < n)%N by rewrite ltn_divLR.
have lt_mod (s : 'I_(n * n)) : (s %% n < n)%N by rewrite ltn_mod.
pose flat N' := mtab N' K (n * n) (fun k s =>
  mget (computation.runL N' n p q za zphi zpsi zdphi zdpsi I k).1.1 (s %/ n) (s %% n)).
have le1 : (r <= \rank (mxz F K (n * n) (flat 0%bz)))%N.
  apply: leq_trans (rank_certificate N0 ok) _.
  suff -> : mxz F K (n * n) (flat 0%bz) = mxz F K (n * n) (mtab N K (n * n) (fun k s =>
    mget (nth [::] (statesW 0 K (iW I, iB I, iC I)) k) (s %/ n) (s %% n))) by [].
  rewrite !mxz_mtab ?N0 //; apply/matrixP=> k s; rewrite !mxE.
  rewrite -[(iW I, iB I, iC I)]/(runL N 0).
  rewrite nth_statesW ?add0n; last exact/ltnW.
  have := congr1 (fun A : 'M_n => A (Ordinal (lt_div s)) (Ordinal (lt_mod s)))
    (etrans (esym (@runE_at F 0%bz k erefl)) (@runE_at F N k N0)).
  by rewrite !mxE.
apply: leq_trans le1 (leq_trans (@rank_mod_le P R _ _ _) _).
pose Q : 'M[R]_(n * n) := \matrix_(l, s) (l == mxvec_index (Ordinal (lt_div s)) (Ordinal (lt_mod s)))%:R.
suff -> : mxz R K (n * n) (flat 0%bz) = (\matrix_(k < K) mxvec (run R k).1.1) *m Q.
  exact: mxrankM_maxl.
rewrite mxz_mtab //; apply/matrixP=> k s; rewrite !mxE.
rewrite (bigD1 (mxvec_index (Ordinal (lt_div s)) (Ordinal (lt_mod s)))) //= big1 => [|l /negPf nl].
  by rewrite !mxE eqxx mulr1 addr0 mxvecE (@runE_at R 0%bz) // mxE.
by rewrite [X in _ * X]mxE nl mulr0.
Qed.
End Checks.

(* Main results: gradsLE runE rank_certificate rank_mod_le *)
