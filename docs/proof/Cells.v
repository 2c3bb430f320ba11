(** Cells in memory before a state that is behind.

    Turns read and write cells. What was written goes into the record of its epoch,
    some time later that record is durable, some time after that the state has it; and
    cells that the state has as well are let go of. [reads_are_true]: whatever is in
    memory and however far behind the state is, a read gives what was last written.
    This is E4 of src/engine/epoch.ts. *)

From Coq Require Import Arith Lia PeanoNat Bool.
Set Implicit Arguments.

Section Cells.

Variables (K V : Type).
Variable same : K -> K -> bool.
Hypothesis same_spec : forall a b, reflect (a = b) (same a b).

Definition upd {A} (f : K -> A) (k : K) (v : A) : K -> A := fun i => if same i k then v else f i.
Definition put_at (f : nat -> K -> option V) (n : nat) (v : K -> option V) :=
  fun i => if Nat.eqb i n then v else f i.

Record S := {
  now : K -> option V;               (* what was last written, None if deleted: the truth *)
  cell : K -> option (option V);     (* what is in memory *)
  last : K -> nat;                   (* in which epoch a cell was last written or dropped *)
  gone : K -> nat;                   (* in which epoch its application was stopped *)
  epoch : nat;                       (* the one that is under way *)
  cuts : nat -> K -> option V;       (* the truth at the end of each epoch: what the rows
                                        of the records up to there add up to *)
  durable : nat;                     (* the youngest epoch that is committed *)
  applied : nat }.                   (* the youngest that the state has *)

(** A start: the state has all that there is, and nothing is in memory. *)
Definition init (there : K -> option V) : S :=
  {| now := there; cell := fun _ => None; last := fun _ => 0; gone := fun _ => 0;
     epoch := 1; cuts := fun _ => there; durable := 0; applied := 0 |}.

(** A read: of the cell, or of the state unless that does not know of the drop yet. *)
Definition read (s : S) (k : K) : option V :=
  match cell s k with
  | Some v => v
  | None => if applied s <? gone s k then None else cuts s (applied s) k
  end.

Inductive step (s t : S) : Prop :=
| Load : forall k,
    t = {| now := now s; cell := upd (cell s) k (Some (read s k)); last := last s;
           gone := gone s; epoch := epoch s; cuts := cuts s; durable := durable s;
           applied := applied s |} -> step s t
| Write : forall k v,
    t = {| now := upd (now s) k v; cell := upd (cell s) k (Some v);
           last := upd (last s) k (epoch s); gone := gone s; epoch := epoch s;
           cuts := cuts s; durable := durable s; applied := applied s |} -> step s t
(* an application is stopped: all of its cells are gone at once, from memory too *)
| Drop : forall d : K -> bool,
    t = {| now := fun k => if d k then None else now s k;
           cell := fun k => if d k then None else cell s k;
           last := fun k => if d k then epoch s else last s k;
           gone := fun k => if d k then epoch s else gone s k; epoch := epoch s;
           cuts := cuts s; durable := durable s; applied := applied s |} -> step s t
| Cut :
    t = {| now := now s; cell := cell s; last := last s; gone := gone s;
           epoch := 1 + epoch s; cuts := put_at (cuts s) (epoch s) (now s);
           durable := durable s; applied := applied s |} -> step s t
(* the record of an epoch that was cut is durable *)
| Commit : 1 + durable s < epoch s ->
    t = {| now := now s; cell := cell s; last := last s; gone := gone s; epoch := epoch s;
           cuts := cuts s; durable := 1 + durable s; applied := applied s |} -> step s t
(* the state is brought up to a committed epoch *)
| Apply : forall n, applied s <= n -> n <= durable s ->
    t = {| now := now s; cell := cell s; last := last s; gone := gone s; epoch := epoch s;
           cuts := cuts s; durable := durable s; applied := n |} -> step s t
(* a cell leaves memory: only if the state has what was last written *)
| Evict : forall k, last s k <= applied s ->
    t = {| now := now s; cell := upd (cell s) k None; last := last s; gone := gone s;
           epoch := epoch s; cuts := cuts s; durable := durable s;
           applied := applied s |} -> step s t.

Inductive star : S -> S -> Prop :=
| SR : forall s, star s s
| SS : forall s t u, step s t -> star t u -> star s u.

Record Inv (s : S) : Prop := {
  i_dur  : durable s < epoch s;
  i_app  : applied s <= durable s;
  i_last : forall k, last s k <= epoch s;
  i_gone : forall k, gone s k <= last s k;
  i_cell : forall k v, cell s k = Some v -> v = now s k;
  i_cuts : forall k n, last s k <= n -> n < epoch s -> cuts s n k = now s k;
  i_out  : forall k, cell s k = None ->
             last s k <= applied s \/
             (applied s < gone s k /\ last s k = gone s k /\ now s k = None)
}.

Lemma reads_now : forall s k, Inv s -> read s k = now s k.
Proof.
  intros s k I. unfold read. destruct (cell s k) eqn:C. { now apply (i_cell I). }
  pose proof (i_gone I k). pose proof (i_dur I). pose proof (i_app I).
  destruct (i_out I _ C) as [L|(L & _ & N)]; destruct (Nat.ltb_spec (applied s) (gone s k)); try lia; auto.
  apply (i_cuts I); lia.
Qed.

Lemma inv_init : forall there, Inv (init there).
Proof. constructor; simpl; intros; try discriminate; auto. Qed.

Ltac kcase := unfold upd in *; match goal with
  | |- context [same ?a ?b] => destruct (same_spec a b); subst
  | H : context [same ?a ?b] |- _ => destruct (same_spec a b); subst end.

Lemma inv_step : forall s t, Inv s -> step s t -> Inv t.
Proof.
  intros s t I H. pose proof (i_dur I). pose proof (i_app I).
  destruct H; subst t; constructor; simpl; try apply I; try lia; intros.
  - (* Load *) kcase; [inversion H; now apply reads_now|now apply (i_cell I)].
  - kcase; [discriminate|now apply (i_out I)].
  - (* Write *) kcase; [lia|apply I].
  - kcase; [pose proof (i_gone I k); pose proof (i_last I k); lia|apply I].
  - kcase; [congruence|now apply (i_cell I)].
  - kcase; [lia|now apply (i_cuts I)].
  - kcase; [discriminate|now apply (i_out I)].
  - (* Drop *) destruct (d k); [lia|apply I].
  - destruct (d k); [lia|apply I].
  - destruct (d k); [discriminate|now apply (i_cell I)].
  - destruct (d k); [lia|now apply (i_cuts I)].
  - destruct (d k); [right; repeat split; lia|now apply (i_out I)].
  - (* Cut *) pose proof (i_last I k). lia.
  - unfold put_at. destruct (Nat.eqb_spec n (epoch s)); subst; auto. apply (i_cuts I); lia.
  - (* Apply *) match goal with C : cell s k = None |- _ =>
      destruct (i_out I _ C) as [L|(L & E & N)] end; [left; lia|].
    destruct (le_lt_dec (gone s k) n); [left; lia|auto].
  - (* Evict *) kcase; [discriminate|now apply (i_cell I)].
  - kcase; [now left|now apply (i_out I)].
Qed.

(** A read gives what was last written, wherever that is. *)
Theorem reads_are_true : forall there s k, star (init there) s -> read s k = now s k.
Proof.
  intros there s k R. apply reads_now. assert (I : Inv (init there)) by apply inv_init.
  induction R; eauto using inv_step.
Qed.

End Cells.

(** All of them rest on nothing but the definitions above. *)
Definition theorems :=
  reads_are_true.
Print Assumptions theorems.
