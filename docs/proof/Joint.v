(** Fenced.v and Checkpoint.v together: what a start finds is what was committed.

    Fenced.v lets a start read the durable record as if it were one thing in one place.
    Checkpoint.v has a state that is behind, a journal with the records since, and
    trims. Here both machines run side by side, and take one step together: a commit
    appends one record, and that says how what is durable now differs from what was.

    [start_finds_what_was_committed]  the state, as whichever version it opens, with
                                      the tail of the journal, is the durable record
    [start_goes_on_a_run]             which a machine to which nothing ever happens
                                      has reached *)

From Coq Require Import List.
From Portico Require Fenced.
From Portico Require Checkpoint.
Import ListNotations.
Set Implicit Arguments.

Section Joint.

Variables (D E O Rec : Type).
Variable d0 : D.
Variable mstep : D -> E -> D -> Prop.
Variable due : D -> O -> Prop.
Variable apply : D -> Rec -> D.                 (* what a record says, done to a record *)

Definition fenced := Fenced.L D E O.
Definition kept := Checkpoint.S D Rec.

Inductive step : fenced * kept -> fenced * kept -> Prop :=
(* whatever runs, is cut, refused or released, and whatever crashes *)
| Runs : forall l l' s, Fenced.step mstep due l l' ->
    Fenced.dur l' = Fenced.dur l -> step (l, s) (l', s)
(* whatever is opened, applied, trimmed or made a checkpoint of *)
| Keeps : forall l s s', Checkpoint.step apply s s' ->
    Checkpoint.log s' = Checkpoint.log s -> step (l, s) (l, s')
(* a commit: one record, and what is durable is what it says *)
| Commits : forall l l' s s' x, Fenced.step mstep due l l' -> Checkpoint.step apply s s' ->
    Checkpoint.log s' = Checkpoint.log s ++ [x] ->
    Fenced.dur l' = apply (Fenced.dur l) x -> step (l, s) (l', s').

Inductive star : fenced * kept -> fenced * kept -> Prop :=
| SR : forall a, star a a
| SS : forall a b c, step a b -> star b c -> star a c.

Definition init : fenced * kept := (Fenced.init E O d0, Checkpoint.init Rec d0).

(** Both are runs of their own, and the durable record is the replay of the records. *)
Definition fits (a : fenced * kept) : Prop :=
  Fenced.star mstep due (Fenced.init E O d0) (fst a) /\
  Checkpoint.star apply (Checkpoint.init Rec d0) (snd a) /\
  Fenced.dur (fst a) = Checkpoint.replay apply d0 (Checkpoint.log (snd a)).

Lemma fenced_on : forall l m n, Fenced.star mstep due l m -> Fenced.step mstep due m n ->
  Fenced.star mstep due l n.
Proof. induction 1; intros; eapply Fenced.SS; eauto. apply Fenced.SR. Qed.
Lemma kept_on : forall l m n, Checkpoint.star apply l m -> Checkpoint.step apply m n ->
  Checkpoint.star apply l n.
Proof. induction 1; intros; eapply Checkpoint.SS; eauto. apply Checkpoint.SR. Qed.

Lemma fits_step : forall a b, fits a -> step a b -> fits b.
Proof.
  intros a b (F & K & R) H. destruct H; unfold fits; simpl in *.
  - repeat split; auto; [eapply fenced_on; eauto|congruence].
  - repeat split; auto; [eapply kept_on; eauto|congruence].
  - repeat split; [eapply fenced_on; eauto|eapply kept_on; eauto|].
    unfold Checkpoint.replay in *. rewrite H1, fold_left_app. simpl. congruence.
Qed.

Lemma fits_reach : forall a, star init a -> fits a.
Proof.
  intros a R. assert (I : fits init).
  { repeat split; [apply Fenced.SR|apply Checkpoint.SR]. }
  induction R; eauto using fits_step.
Qed.

Theorem start_finds_what_was_committed : forall l s p r, star init (l, s) ->
  In (p, r) (Checkpoint.may s) -> Checkpoint.sure s <= p ->
  Checkpoint.replay apply r (skipn (p - Checkpoint.first s) (Checkpoint.kept s)) = Fenced.dur l.
Proof.
  intros l s p r R M L. destruct (fits_reach R) as (_ & K & E'). simpl in *. rewrite E'.
  eapply Checkpoint.recovery_is_replay; eauto.
Qed.

Theorem start_goes_on_a_run : forall l s p r, star init (l, s) ->
  In (p, r) (Checkpoint.may s) -> Checkpoint.sure s <= p ->
  Fenced.run mstep d0 (Fenced.hist l)
    (Checkpoint.replay apply r (skipn (p - Checkpoint.first s) (Checkpoint.kept s))).
Proof.
  intros l s p r R M L. rewrite (@start_finds_what_was_committed l s p r R M L).
  eapply Fenced.committed_run. apply (fits_reach R).
Qed.

End Joint.

(** All of them rest on nothing but the definitions above. *)
Definition theorems := (start_finds_what_was_committed, start_goes_on_a_run).
Print Assumptions theorems.
