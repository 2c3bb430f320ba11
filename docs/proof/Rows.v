(** What a record does to the state, and why many can be given to it at once.

    A record says which rows it drops, by table and beginning of the key, and which
    rows it puts or deletes. A start applies the records of the tail one by one. A
    running system merges those that it has committed, and gives the state the merged
    batch now and then. [merging_is_replay]: both give the same rows.
    [batch_as_rows]: so does the list of rows in which the batch reaches the state,
    which knows no drops.

    Checkpoint.v takes a record for a step of the state and a batch for several of
    them; this file is the reason. *)

From Coq Require Import List Bool.
Import ListNotations.
Set Implicit Arguments.

Section Rows.

Variables (K V : Type).                        (* a table and a key; the bytes of a row *)
Variable same : K -> K -> bool.
Hypothesis same_spec : forall a b, reflect (a = b) (same a b).

Definition state := K -> option V.             (* None: there is no such row *)
Definition row := (K * option V)%type.         (* None deletes *)
Definition put (s : state) (x : row) : state := fun k => if same (fst x) k then snd x else s k.
Definition puts (s : state) (l : list row) : state := fold_left put l s.

Record record := { drops : list (K -> bool); rows : list row }.
Definition dropped (ds : list (K -> bool)) (k : K) : bool := existsb (fun d => d k) ds.

(** One record: what it drops goes first. *)
Definition apply (s : state) (r : record) : state :=
  puts (fun k => if dropped (drops r) k then None else s k) (rows r).

(** Records that were merged: all their drops, and the last that was said of each row. *)
Record batch := { bdrops : list (K -> bool); brows : K -> option (option V) }.
Definition nothing : batch := {| bdrops := []; brows := fun _ => None |}.

(** A drop deletes the rows that the batch has so far; it stays in the batch for the
    sake of those that only the state has. *)
Definition keep (b : batch) (r : record) : batch :=
  {| bdrops := bdrops b ++ drops r;
     brows := fold_left (fun m x k => if same (fst x) k then Some (snd x) else m k) (rows r)
                (fun k => match brows b k with
                          | Some v => Some (if dropped (drops r) k then None else v)
                          | None => None end) |}.

(** What the state holds after a batch. *)
Definition after (s : state) (b : batch) : state :=
  fun k => match brows b k with
           | Some v => v
           | None => if dropped (bdrops b) k then None else s k end.

(* ------------------------------------------------------------------ *)

Lemma puts_ext : forall l s t, (forall k, s k = t k) -> forall k, puts s l k = puts t l k.
Proof.
  induction l; simpl; auto. intros. apply IHl. intros. unfold put. now destruct (same _ _).
Qed.
Lemma apply_ext : forall s t r, (forall k, s k = t k) -> forall k, apply s r k = apply t r k.
Proof. intros. apply puts_ext. intros. now destruct (dropped _ _). Qed.
Lemma replay_ext : forall rs s t, (forall k, s k = t k) ->
  forall k, fold_left apply rs s k = fold_left apply rs t k.
Proof. induction rs; simpl; auto. intros. apply IHrs. intros. now apply apply_ext. Qed.

Lemma dropped_app : forall a b k, dropped (a ++ b) k = dropped a k || dropped b k.
Proof. intros. apply existsb_app. Qed.

Lemma said_last : forall l (m : K -> option (option V)) (s : state) k,
  match fold_left (fun m x k => if same (fst x) k then Some (snd x) else m k) l m k with
  | Some v => v | None => s k end =
  puts (fun k => match m k with Some v => v | None => s k end) l k.
Proof.
  induction l; simpl; auto. intros. rewrite IHl. apply puts_ext. intros. unfold put.
  now destruct (same _ _).
Qed.

Lemma keep_is_apply : forall s b r k, after s (keep b r) k = apply (after s b) r k.
Proof.
  intros. unfold after at 1, keep, apply. simpl.
  rewrite (said_last _ _ (fun k => if dropped (bdrops b ++ drops r) k then None else s k)).
  apply puts_ext. intros. rewrite dropped_app. unfold after.
  destruct (brows b k0), (dropped (bdrops b) k0), (dropped (drops r) k0); reflexivity.
Qed.

(** A batch is the records that went into it, one after the other. *)
Theorem merging_is_replay : forall rs s k,
  after s (fold_left keep rs nothing) k = fold_left apply rs s k.
Proof.
  assert (G : forall rs b s k, after s (fold_left keep rs b) k = fold_left apply rs (after s b) k).
  { induction rs; simpl; auto. intros. rewrite IHrs. apply replay_ext. intros. apply keep_is_apply. }
  intros. rewrite G. apply replay_ext. reflexivity.
Qed.

(** Of rows that do not contradict each other the order does not matter. *)
Lemma said_or_not : forall l (t : state) k, (forall v w, In (k, v) l -> In (k, w) l -> v = w) ->
  (exists v, In (k, v) l /\ puts t l k = v) \/ ((forall v, ~ In (k, v) l) /\ puts t l k = t k).
Proof.
  induction l as [|[a v] l IH]; simpl; intros t k U. { right. auto. }
  destruct (IH (put t (a, v)) k) as [(w & Hw & E)|(Hn & E)]; eauto.
  rewrite E. unfold put. simpl. destruct (same_spec a k) as [->|N].
  - left. eauto.
  - right. split; auto. intros w [E'|E']; [congruence|]. now apply (Hn w).
Qed.

(** The state is given a list of rows: a deletion of each row that it has and that is
    dropped, and then the rows of the batch, in any order. *)
Theorem batch_as_rows : forall s b gone said,
  (forall k v, In (k, v) gone -> v = None /\ dropped (bdrops b) k = true) ->
  (forall k, dropped (bdrops b) k = true -> s k <> None -> In (k, None) gone) ->
  (forall k v, In (k, v) said <-> brows b k = Some v) ->
  forall k, puts s (gone ++ said) k = after s b k.
Proof.
  intros s b gone said G1 G2 Sd k.
  unfold puts. rewrite fold_left_app.
  change (puts (puts s gone) said k = after s b k).
  destruct (said_or_not said (puts s gone) k) as [(v & Hv & ->)|(Hn & ->)]; auto.
  { intros v w Hv Hw. apply Sd in Hv. apply Sd in Hw. congruence. }
  { apply Sd in Hv. unfold after. now rewrite Hv. }
  assert (B : brows b k = None).
  { destruct (brows b k) eqn:E; auto. exfalso. apply Sd in E. now apply (Hn o). }
  unfold after. rewrite B.
  destruct (said_or_not gone s k) as [(v & Hv & ->)|(Hg & ->)]; auto.
  { intros v w Hv Hw. destruct (G1 _ _ Hv), (G1 _ _ Hw). congruence. }
  { destruct (G1 _ _ Hv) as [-> ->]. reflexivity. }
  destruct (dropped (bdrops b) k) eqn:D; auto.
  destruct (s k) eqn:E; auto. exfalso. apply (Hg None). apply G2; congruence.
Qed.

End Rows.

(** All of them rest on nothing but the definitions above. *)
Definition theorems :=
  (merging_is_replay, batch_as_rows).
Print Assumptions theorems.
