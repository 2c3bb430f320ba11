(** A state behind the journal, checkpoints of it, and a journal that is trimmed
    behind them.

    The truth is the replay of all records. Nobody keeps all records: the state
    holds what came of the first so many of them, the journal holds the rest, and
    what a checkpoint covers is dropped from it. This file shows that the two always
    belong together, wherever a crash falls and whoever else is still at work:

    [versions_are_replays]  whatever the state may open as is the replay of the
                            records up to its position
    [recovery_is_replay]    and with the tail of the journal it is the replay of
                            all records ever acknowledged
    [owner_is_exact]        the state of a running owner and what it has not
                            applied yet are that too
    [owner_finds_its_tail]  an owner that is being brought up never finds that a
                            record it needs was trimmed
    [state_fits_journal]    the state never ends before the journal begins, nor
                            knows more than it

    A worker is one start of the program. It fences its predecessors in the journal
    first, opens the state second, brings it up to the journal, and then appends,
    applies, makes checkpoints and trims. Any number of fenced workers go on doing
    what they still can. Any worker may vanish between any two steps. *)

From Coq Require Import List Arith Lia PeanoNat.
Import ListNotations.
Set Implicit Arguments.

Section Checkpoint.

Variables (St Rec : Type).
Variable apply : St -> Rec -> St.                (* one record; Rows.v says how *)
Variable s0 : St.
Definition replay (s : St) (l : list Rec) : St := fold_left apply l s.

Definition W := nat.
Definition upd {A} (f : nat -> A) (k : nat) (v : A) : nat -> A :=
  fun i => if Nat.eqb i k then v else f i.
Lemma upd_eq : forall A (f : nat -> A) k v, upd f k v k = v.
Proof. intros; unfold upd; now rewrite Nat.eqb_refl. Qed.
Lemma upd_neq : forall A (f : nat -> A) k v i, i <> k -> upd f k v i = f i.
Proof. intros; unfold upd; destruct (Nat.eqb_spec i k); congruence. Qed.

(** What a worker holds while the state is open to it. *)
Record view := { rows : St;              (* the state as this worker sees it *)
                 pos : nat;              (* up to which record *)
                 todo : list Rec;        (* committed by it, not applied yet *)
                 seen : nat;             (* the records of the journal, as it knows them *)
                 promised : nat;         (* what its last checkpoint returned *)
                 cleared : nat }.        (* up to where it has been allowed to trim *)

Inductive phase :=
| Fencing (seen : nat)                   (* owns the journal, has not opened the state *)
| Open (v : view).

Record worker := { wepoch : nat; wphase : phase }.

Record S := {
  log : list Rec;                        (* every record that is durable; record n is the n-th *)
  first : nat;                           (* so many were dropped: the journal holds the others *)
  may : list (nat * St);                 (* what the state may open as: positions and rows *)
  sure : nat;                            (* the position of the last checkpoint *)
  epoch : nat;                           (* of the newest owner of the journal *)
  ws : W -> option worker }.

Definition init : S :=
  {| log := []; first := 0; may := [(0, s0)]; sure := 0; epoch := 0;
     ws := fun _ => None |}.

(** What the journal holds. *)
Definition kept (s : S) : list Rec := skipn (first s) (log s).

Definition set (s : S) (w : W) (k : option worker) : W -> option worker := upd (ws s) w k.
Definition open (e : nat) (v : view) := Some {| wepoch := e; wphase := Open v |}.

Inductive step (s t : S) : Prop :=
(* a crash, at any time: the worker is gone *)
| Crash : forall w,
    t = {| log := log s; first := first s; may := may s; sure := sure s;
           epoch := epoch s; ws := set s w None |} -> step s t
(* a new owner of the journal; whoever had it is fenced, and may run on *)
| Take : forall w, ws s w = None ->
    t = {| log := log s; first := first s; may := may s; sure := sure s;
           epoch := 1 + epoch s; ws := set s w (Some {| wepoch := 1 + epoch s;
                                  wphase := Fencing (length (log s)) |}) |} -> step s t
(* it opens the state: as any version not below the last checkpoint *)
| OpenState : forall w e n p r, ws s w = Some {| wepoch := e; wphase := Fencing n |} ->
    In (p, r) (may s) -> sure s <= p -> p <= n ->
    t = {| log := log s; first := first s; may := may s; sure := sure s;
           epoch := epoch s; ws := set s w (open e {| rows := r; pos := p; todo := []; seen := n;
                                    promised := 0; cleared := 0 |}) |} -> step s t
(* it reads the next record from the journal, and applies that one *)
| Read : forall w e v x, ws s w = Some {| wepoch := e; wphase := Open v |} ->
    pos v < seen v -> todo v = [] -> first s <= pos v ->
    nth_error (kept s) (pos v - first s) = Some x ->
    t = {| log := log s; first := first s;
           may := (1 + pos v, apply (rows v) x) :: may s;
           sure := sure s; epoch := epoch s; ws := set s w (open e {| rows := apply (rows v) x; pos := 1 + pos v; todo := [];
                                    seen := seen v; promised := promised v;
                                    cleared := cleared v |}) |} -> step s t
(* an owner that is up to date appends; only the newest one can *)
| Append : forall w v x, ws s w = Some {| wepoch := epoch s; wphase := Open v |} ->
    pos v + length (todo v) = seen v ->
    t = {| log := log s ++ [x]; first := first s; may := may s; sure := sure s;
           epoch := epoch s; ws := set s w (open (epoch s)
                   {| rows := rows v; pos := pos v; todo := todo v ++ [x];
                      seen := 1 + seen v; promised := promised v;
                      cleared := cleared v |}) |} -> step s t
(* it applies so many of its records at once: one new version *)
| Apply : forall w e v n, ws s w = Some {| wepoch := e; wphase := Open v |} ->
    n <= length (todo v) ->
    t = {| log := log s; first := first s;
           may := (pos v + n, replay (rows v) (firstn n (todo v))) :: may s;
           sure := sure s; epoch := epoch s; ws := set s w (open e
                   {| rows := replay (rows v) (firstn n (todo v)); pos := pos v + n;
                      todo := skipn n (todo v); seen := seen v;
                      promised := promised v; cleared := cleared v |}) |} -> step s t
(* a checkpoint returns, that of a fenced worker too; from now on the state opens as
   no version below *)
| Checkpoint : forall w e v, ws s w = Some {| wepoch := e; wphase := Open v |} ->
    t = {| log := log s; first := first s; may := may s; sure := Nat.max (sure s) (pos v);
           epoch := epoch s; ws := set s w (open e {| rows := rows v; pos := pos v; todo := todo v;
                                    seen := seen v; promised := pos v;
                                    cleared := cleared v |}) |} -> step s t
(* a trim begins: is this worker still the owner of the journal? *)
| Clear : forall w v, ws s w = Some {| wepoch := epoch s; wphase := Open v |} ->
    t = {| log := log s; first := first s; may := may s; sure := sure s;
           epoch := epoch s; ws := set s w (open (epoch s)
                   {| rows := rows v; pos := pos v; todo := todo v; seen := seen v;
                      promised := promised v; cleared := promised v |}) |} -> step s t
(* and drops records at any time after that, as few or as many as it was allowed,
   though it may have been fenced meanwhile *)
| Trim : forall w e v n, ws s w = Some {| wepoch := e; wphase := Open v |} ->
    first s <= n -> n <= Nat.max (first s) (cleared v) ->
    t = {| log := log s; first := n; may := may s; sure := sure s;
           epoch := epoch s; ws := ws s |} -> step s t.

Inductive star : S -> S -> Prop :=
| SR : forall s, star s s
| SS : forall s t u, step s t -> star t u -> star s u.

(* ------------------------------------------------------------------ *)
(** * Invariant *)

(** These rows are the replay of the first p records. *)
Definition exact (l : list Rec) (p : nat) (r : St) : Prop :=
  p <= length l /\ r = replay s0 (firstn p l).

(** What an open worker knows is so, whether it was fenced or not. *)
Definition sound (s : S) (v : view) : Prop :=
  exact (log s) (pos v) (rows v) /\
  firstn (length (todo v)) (skipn (pos v) (log s)) = todo v /\
  pos v + length (todo v) <= seen v /\ seen v <= length (log s) /\
  promised v <= sure s /\ promised v <= pos v /\ cleared v <= promised v.

Record Inv (s : S) : Prop := {
  i_may   : forall p r, In (p, r) (may s) -> exact (log s) p r;
  i_sure  : exists r, In (sure s, r) (may s);
  i_first : first s <= sure s;
  i_ep    : forall w k, ws s w = Some k -> wepoch k <= epoch s;
  i_uniq  : forall w1 w2 k1 k2, ws s w1 = Some k1 -> ws s w2 = Some k2 ->
              wepoch k1 = wepoch k2 -> w1 = w2;
  i_open  : forall w e v, ws s w = Some {| wepoch := e; wphase := Open v |} -> sound s v;
  i_view  : forall w e v, ws s w = Some {| wepoch := e; wphase := Open v |} ->
              In (pos v, rows v) (may s);
  i_all   : forall w e n, ws s w = Some {| wepoch := e; wphase := Fencing n |} ->
              n <= length (log s) /\ (e = epoch s -> n = length (log s));
  (* the newest owner, once the state is open to it, knows all records, and nobody
     was ever allowed to drop what it has not applied *)
  i_own   : forall w v, ws s w = Some {| wepoch := epoch s; wphase := Open v |} ->
              seen v = length (log s) /\ first s <= pos v /\
              forall w' e' v', ws s w' = Some {| wepoch := e'; wphase := Open v' |} ->
                cleared v' <= pos v
}.

(* ------------------------------------------------------------------ *)
(** * Lemmas *)

Lemma replay_app : forall a b s, replay s (a ++ b) = replay (replay s a) b.
Proof. intros. apply fold_left_app. Qed.
Lemma skipn_nth : forall A (l : list A) n a,
  nth_error l n = Some a -> skipn n l = a :: skipn (1 + n) l.
Proof. induction l; destruct n; simpl; intros; try discriminate; [congruence|]. now rewrite (IHl _ _ H). Qed.
Lemma nth_of_skipn : forall A (l : list A) f n, nth_error (skipn f l) n = nth_error l (f + n).
Proof. induction l; destruct f; simpl; intros; auto. now destruct n. Qed.
Lemma firstn_more : forall A (l : list A) p n,
  firstn (p + n) l = firstn p l ++ firstn n (skipn p l).
Proof. induction l; destruct p; simpl; intros; auto; [now rewrite firstn_nil|now rewrite IHl]. Qed.
Lemma firstn_all_of : forall A (l : list A) n, length l <= n -> firstn n l = l.
Proof. intros. now apply firstn_all2. Qed.
Lemma skipn_more : forall A (l : list A) n m, skipn (n + m) l = skipn m (skipn n l).
Proof. induction l; destruct n; simpl; intros; auto. now rewrite skipn_nil. Qed.
Lemma firstn_snoc : forall A (l : list A) x p, p <= length l -> firstn p (l ++ [x]) = firstn p l.
Proof.
  intros. rewrite firstn_app. replace (p - length l) with 0 by lia.
  simpl. now rewrite app_nil_r.
Qed.

Lemma exact_more : forall l p r n, exact l p r -> p + n <= length l ->
  exact l (p + n) (replay r (firstn n (skipn p l))).
Proof.
  intros l p r n [L E] Le. split; auto. rewrite firstn_more, replay_app. now subst.
Qed.
Lemma exact_snoc : forall l p r x, exact l p r -> exact (l ++ [x]) p r.
Proof.
  intros l p r x [L E]. split. { rewrite app_length; simpl; lia. }
  rewrite firstn_snoc; auto.
Qed.

Lemma firstn_part : forall A (l t : list A) n, firstn (length t) l = t ->
  n <= length t -> firstn n l = firstn n t.
Proof.
  intros A l t n E L. transitivity (firstn n (firstn (length t) l)); [|now rewrite E].
  rewrite firstn_firstn. f_equal. lia.
Qed.
Lemma skipn_part : forall A (l t : list A) n, firstn (length t) l = t ->
  n <= length t -> firstn (length (skipn n t)) (skipn n l) = skipn n t.
Proof.
  intros A l t n E L. transitivity (skipn n (firstn (length t) l)); [|now rewrite E].
  now rewrite skipn_firstn_comm, skipn_length.
Qed.
Lemma todo_snoc : forall A (l t : list A) p x, firstn (length t) (skipn p l) = t ->
  p <= length l -> firstn (length t) (skipn p (l ++ [x])) = t.
Proof.
  intros A l t p x E L. rewrite skipn_app. replace (p - length l) with 0 by lia. simpl.
  rewrite firstn_app. rewrite E.
  assert (length t <= length (skipn p l)).
  { rewrite <- E at 1. rewrite firstn_length. lia. }
  replace (length t - length (skipn p l)) with 0 by lia. simpl. now rewrite app_nil_r.
Qed.

Ltac parts := repeat match goal with |- _ /\ _ => split end; auto; try lia.

Lemma sound_snoc : forall s t v x, log t = log s ++ [x] -> sure s = sure t ->
  sound s v -> sound t v.
Proof.
  intros s t v x E Es (X & T & P & L & Pr & Pp & C). unfold sound. rewrite E, <- Es.
  parts.
  - now apply exact_snoc.
  - apply todo_snoc; auto. apply X.
  - rewrite app_length; simpl; lia.
Qed.

(* ------------------------------------------------------------------ *)
(** * The invariant is inductive *)

Ltac wcase w0 w := let e := fresh "e" in destruct (Nat.eq_dec w0 w) as [e|e];
  [subst; rewrite ?upd_eq in * | rewrite ?upd_neq in * by auto].
(* nobody else has the newest epoch *)
Ltac alone I := exfalso;
  match goal with N : _ <> _ |- _ => apply N; eapply (i_uniq I); eauto end.
Ltac inj H := inversion H; subst; clear H; simpl in *.

Lemma inv_init : Inv init.
Proof.
  constructor; simpl; intros; try discriminate; auto.
  - destruct H as [H|[]]. inj H. split; simpl; auto.
  - exists s0. auto.
Qed.

(** The parts about who is who hold whenever no worker changes its epoch. *)
Lemma keep_ep : forall s e w (k k' : worker), Inv s -> ws s w = Some k -> wepoch k' = wepoch k ->
  epoch s <= e -> forall w0 k0, set s w (Some k') w0 = Some k0 -> wepoch k0 <= e.
Proof.
  intros s e w k k' I H E Le w0 k0 H0. unfold set in H0. wcase w0 w.
  - inj H0. rewrite E. pose proof (i_ep I _ H). lia.
  - pose proof (i_ep I _ H0). lia.
Qed.
Lemma keep_uniq : forall s w (k k' : worker), Inv s -> ws s w = Some k -> wepoch k' = wepoch k ->
  forall w1 w2 k1 k2, set s w (Some k') w1 = Some k1 -> set s w (Some k') w2 = Some k2 ->
  wepoch k1 = wepoch k2 -> w1 = w2.
Proof.
  intros s w k k' I H E w1 w2 k1 k2 H1 H2 E12. unfold set in *. wcase w1 w; wcase w2 w; auto.
  - inj H1. eapply (i_uniq I); eauto. congruence.
  - inj H2. eapply (i_uniq I); eauto. congruence.
  - eapply (i_uniq I); eauto.
Qed.

Lemma inv_step : forall s t, Inv s -> step s t -> Inv t.
Proof.
  intros s t I Hs. destruct Hs; subst t.
  - (* Crash *)
    constructor; simpl; try apply I; unfold set.
    + intros w0 k H0. wcase w0 w; [discriminate|]. now apply (i_ep I w0).
    + intros w1 w2 k1 k2 H1 H2 E. wcase w1 w; wcase w2 w; try discriminate.
      eapply (i_uniq I); eauto.
    + intros w0 e v H0. wcase w0 w; [discriminate|]. eapply (i_open I w0); eassumption.
    + intros w0 e v H0. wcase w0 w; [discriminate|]. eapply (i_view I w0); eassumption.
    + intros w0 e n H0. wcase w0 w; [discriminate|]. eapply (i_all I w0); eassumption.
    + intros w0 v H0. wcase w0 w; [discriminate|].
      destruct (i_own I _ H0) as (A & B & C). parts.
      intros w' e' v' H'. wcase w' w; [discriminate|]. eauto.
  - (* Take *)
    constructor; simpl; try apply I; unfold set.
    + intros w0 k H0. wcase w0 w; [inj H0; lia|]. pose proof (i_ep I _ H0). lia.
    + intros w1 w2 k1 k2 H1 H2 E. wcase w1 w; wcase w2 w; auto.
      * inj H1. pose proof (i_ep I _ H2). lia.
      * inj H2. pose proof (i_ep I _ H1). lia.
      * eapply (i_uniq I); eauto.
    + intros w0 e v H0. wcase w0 w; [discriminate|]. eapply (i_open I w0); eassumption.
    + intros w0 e v H0. wcase w0 w; [discriminate|]. eapply (i_view I w0); eassumption.
    + intros w0 e n H0. wcase w0 w; [now inj H0|]. pose proof (i_ep I _ H0).
      destruct (i_all I _ H0). simpl in *. split; auto; lia.
    + intros w0 v H0. wcase w0 w; [discriminate|]. pose proof (i_ep I _ H0). simpl in *. lia.
  - (* OpenState *)
    constructor; simpl; try apply I; unfold open.
    + eapply keep_ep; eauto.
    + eapply keep_uniq; eauto.
    + intros w0 e0 v H3. unfold set in H3. wcase w0 w; [|eapply (i_open I w0); eassumption].
      inj H3. pose proof (i_may I _ _ H0). destruct (i_all I _ H).
      unfold sound; simpl. parts.
    + intros w0 e0 v0 HV. unfold set in HV. wcase w0 w; [inj HV; assumption|].
      eapply (i_view I w0); eassumption.
    + intros w0 e0 n0 H3. unfold set in H3. wcase w0 w; [discriminate|]. eapply (i_all I w0); eassumption.
    + intros w0 v H3. unfold set in *. wcase w0 w.
      * inj H3. destruct (i_all I _ H). parts.
        { pose proof (i_first I). lia. }
        intros w' e' v' H'. wcase w' w; [inj H'; lia|].
        destruct (i_open I _ H') as (_ & _ & _ & _ & P & _ & C). lia.
      * destruct (i_own I _ H3) as (A & B & C). parts.
        intros w' e' v' H'. wcase w' w; [inj H'; lia|eauto].
  - (* Read *)
    assert (Nx : nth_error (log s) (pos v) = Some x).
    { unfold kept in H3. rewrite nth_of_skipn in H3. now replace (pos v) with (first s + (pos v - first s)) by lia. }
    destruct (i_open I _ H) as (X & T & P & L & Pr & Pp & C).
    assert (X' : exact (log s) (1 + pos v) (apply (rows v) x)).
    { replace (1 + pos v) with (pos v + 1) by lia.
      replace (apply (rows v) x) with (replay (rows v) (firstn 1 (skipn (pos v) (log s))))
        by now rewrite (skipn_nth _ _ Nx).
      apply exact_more; auto. lia. }
    constructor; simpl; try apply I; unfold open.
    + intros p r [H4|H4]; [now inj H4|now apply (i_may I)].
    + destruct (i_sure I) as [r Hr]. eauto.
    + eapply keep_ep; eauto.
    + eapply keep_uniq; eauto.
    + intros w0 e0 v0 H4. unfold set in H4. wcase w0 w; [|eapply (i_open I w0); eassumption].
      inj H4. unfold sound; simpl. parts.
    + intros w0 e0 v0 HV. unfold set in HV. wcase w0 w; [inj HV; auto|].
      right; eapply (i_view I w0); eassumption.
    + intros w0 e0 n0 H4. unfold set in H4. wcase w0 w; [discriminate|]. eapply (i_all I w0); eassumption.
    + intros w0 v0 H4. unfold set in *. wcase w0 w.
      * inj H4. destruct (i_own I _ H) as (A & B & D). parts.
        intros w' e' v' H'. wcase w' w; [inj H'; pose proof (D _ _ _ H); lia|].
        pose proof (D _ _ _ H'). lia.
      * destruct (i_own I _ H4) as (A & B & D). parts.
        intros w' e' v' H'. wcase w' w; [inj H'; eauto|eauto].
  - (* Append *)
    destruct (i_open I _ H) as (X & T & P & L & Pr & Pp & C).
    destruct (i_own I _ H) as (A & B & D).
    constructor; simpl; try apply I; unfold open.
    + intros p r H1. apply exact_snoc. now apply (i_may I).
    + eapply keep_ep; eauto.
    + eapply keep_uniq; eauto.
    + intros w0 e0 v0 H1. unfold set in H1. wcase w0 w.
      * inj H1. unfold sound; simpl. rewrite !app_length; simpl. parts.
        { now apply exact_snoc. }
        rewrite firstn_more, (@todo_snoc _ (log s) (todo v) (pos v) x T (proj1 X)).
        rewrite <- skipn_more, H0, A, skipn_app, skipn_all, Nat.sub_diag. reflexivity.
      * eapply sound_snoc; [| |eapply (i_open I w0); eassumption]; reflexivity.
    + intros w0 e0 v0 HV. unfold set in HV. wcase w0 w; [inj HV; eapply (i_view I w); eassumption|].
      eapply (i_view I w0); eassumption.
    + intros w0 e0 n0 H1. unfold set in H1. wcase w0 w; [discriminate|].
      destruct (i_all I _ H1) as [Q1 Q2]. rewrite app_length; simpl. split; [lia|].
      intros ->. alone I.
    + intros w0 v0 H1. unfold set in *. rewrite app_length; simpl. wcase w0 w.
      * inj H1. parts.
        intros w' e' v' H'. wcase w' w; [inj H'; eauto|eauto].
      * alone I.
  - (* Apply *)
    destruct (i_open I _ H) as (X & T & P & L & Pr & Pp & C).
    assert (X' : exact (log s) (pos v + n) (replay (rows v) (firstn n (todo v)))).
    { rewrite <- (firstn_part _ T H0). apply exact_more; auto. lia. }
    constructor; simpl; try apply I; unfold open.
    + intros p r [H4|H4]; [now inj H4|now apply (i_may I)].
    + destruct (i_sure I) as [r Hr]. eauto.
    + eapply keep_ep; eauto.
    + eapply keep_uniq; eauto.
    + intros w0 e0 v0 H4. unfold set in H4. wcase w0 w; [|eapply (i_open I w0); eassumption].
      inj H4. unfold sound; simpl. parts.
      * rewrite skipn_more. now apply skipn_part.
      * rewrite skipn_length. lia.
    + intros w0 e0 v0 HV. unfold set in HV. wcase w0 w; [inj HV; auto|].
      right; eapply (i_view I w0); eassumption.
    + intros w0 e0 n0 H4. unfold set in H4. wcase w0 w; [discriminate|]. eapply (i_all I w0); eassumption.
    + intros w0 v0 H4. unfold set in *. wcase w0 w.
      * inj H4. destruct (i_own I _ H) as (A & B & D). parts.
        intros w' e' v' H'. wcase w' w; [inj H'; pose proof (D _ _ _ H); lia|].
        pose proof (D _ _ _ H'). lia.
      * destruct (i_own I _ H4) as (A & B & D). parts.
        intros w' e' v' H'. wcase w' w; [inj H'; eauto|eauto].
  - (* Checkpoint *)
    destruct (i_open I _ H) as (X & T & P & L & Pr & Pp & C).
    constructor; simpl; try apply I; unfold open.
    + destruct (Nat.max_spec (sure s) (pos v)) as [[_ ->]|[_ ->]]; [|apply I].
      exists (rows v). eapply (i_view I w); eassumption.
    + pose proof (i_first I). lia.
    + eapply keep_ep; eauto.
    + eapply keep_uniq; eauto.
    + intros w0 e0 v0 H4. unfold set in H4. wcase w0 w.
      * inj H4. unfold sound; simpl. parts.
      * destruct (i_open I _ H4) as (X' & T' & P' & L' & Pr' & Pp' & C').
        unfold sound; simpl. parts.
    + intros w0 e0 v0 HV. unfold set in HV. wcase w0 w; [inj HV; eapply (i_view I w); eassumption|].
      eapply (i_view I w0); eassumption.
    + intros w0 e0 n0 H4. unfold set in H4. wcase w0 w; [discriminate|]. eapply (i_all I w0); eassumption.
    + intros w0 v0 H4. unfold set in *. wcase w0 w.
      * inj H4. destruct (i_own I _ H) as (A & B & D). parts.
        intros w' e' v' H'. wcase w' w; [inj H'; pose proof (D _ _ _ H); lia|eauto].
      * destruct (i_own I _ H4) as (A & B & D). parts.
        intros w' e' v' H'. wcase w' w; [inj H'; eauto|eauto].
  - (* Clear *)
    destruct (i_open I _ H) as (X & T & P & L & Pr & Pp & C).
    constructor; simpl; try apply I; unfold open.
    + eapply keep_ep; eauto.
    + eapply keep_uniq; eauto.
    + intros w0 e0 v0 H4. unfold set in H4. wcase w0 w; [|eapply (i_open I w0); eassumption].
      inj H4. unfold sound; simpl. parts.
    + intros w0 e0 v0 HV. unfold set in HV. wcase w0 w; [inj HV; eapply (i_view I w); eassumption|].
      eapply (i_view I w0); eassumption.
    + intros w0 e0 n0 H4. unfold set in H4. wcase w0 w; [discriminate|]. eapply (i_all I w0); eassumption.
    + intros w0 v0 H4. unfold set in *. wcase w0 w.
      * inj H4. destruct (i_own I _ H) as (A & B & D). parts.
        intros w' e' v' H'. wcase w' w; [inj H'; lia|eauto].
      * alone I.
  - (* Trim *)
    destruct (i_open I _ H) as (X & T & P & L & Pr & Pp & C).
    constructor; simpl; try apply I.
    + pose proof (i_first I). lia.
    + intros w0 v0 H4. destruct (i_own I _ H4) as (A & B & D). parts.
      pose proof (D _ _ _ H). lia.
Qed.

Lemma inv_reach : forall s t, Inv s -> star s t -> Inv t.
Proof. induction 2; eauto using inv_step. Qed.

(* ------------------------------------------------------------------ *)
(** * Theorems *)

(** A state never holds what the journal did not, nor half of a record. *)
Theorem versions_are_replays : forall s p r, star init s -> In (p, r) (may s) ->
  p <= length (log s) /\ r = replay s0 (firstn p (log s)).
Proof. intros s p r R. apply (i_may (inv_reach inv_init R)). Qed.

Lemma tail_completes : forall s p r, exact (log s) p r -> first s <= p ->
  replay r (skipn (p - first s) (kept s)) = replay s0 (log s).
Proof.
  intros s p r [L E] F. unfold kept. rewrite <- skipn_more.
  replace (first s + (p - first s)) with p by lia.
  now rewrite E, <- replay_app, firstn_skipn.
Qed.

(** Recovery from any version that the state may open as, at or behind the end of the
    journal, with the tail, is the full replay: trimming has lost nothing. *)
Theorem recovery_is_replay : forall s p r, star init s -> In (p, r) (may s) -> sure s <= p ->
  first s <= p /\ replay r (skipn (p - first s) (kept s)) = replay s0 (log s).
Proof.
  intros s p r R M L. pose proof (inv_reach inv_init R) as I. pose proof (i_first I).
  split; [lia|]. apply tail_completes; [now apply (i_may I)|lia].
Qed.

(** What the newest owner reads is right: its rows, and the records that it has not
    applied, whether these are in its memory or still in the journal. *)
Theorem owner_is_exact : forall s w v, star init s ->
  ws s w = Some {| wepoch := epoch s; wphase := Open v |} ->
  replay (rows v) (skipn (pos v - first s) (kept s)) = replay s0 (log s) /\
  (pos v + length (todo v) = seen v -> replay (rows v) (todo v) = replay s0 (log s)).
Proof.
  intros s w v R H. pose proof (inv_reach inv_init R) as I.
  destruct (i_open I _ H) as (X & T & _). destruct (i_own I _ H) as (A & B & _). split.
  - now apply tail_completes.
  - intros E. rewrite <- (tail_completes s X B), <- T. unfold kept. rewrite <- skipn_more.
    replace (first s + (pos v - first s)) with (pos v) by lia. f_equal.
    apply firstn_all_of. rewrite skipn_length. lia.
Qed.

(** The newest owner can always read on, until it knows all. *)
Theorem owner_finds_its_tail : forall s w v, star init s ->
  ws s w = Some {| wepoch := epoch s; wphase := Open v |} -> pos v < seen v ->
  first s <= pos v /\ exists x, nth_error (kept s) (pos v - first s) = Some x.
Proof.
  intros s w v R H L. pose proof (inv_reach inv_init R) as I.
  destruct (i_own I _ H) as (A & B & _). split; auto. unfold kept. rewrite nth_of_skipn.
  replace (first s + (pos v - first s)) with (pos v) by lia.
  destruct (nth_error (log s) (pos v)) eqn:E; eauto.
  apply nth_error_None in E. lia.
Qed.

(** The state never ends before the journal begins, nor knows a record that it lacks. *)
Theorem state_fits_journal : forall s w n p r, star init s ->
  ws s w = Some {| wepoch := epoch s; wphase := Fencing n |} ->
  In (p, r) (may s) -> sure s <= p -> first s <= p /\ p <= n.
Proof.
  intros s w n p r R H M L. pose proof (inv_reach inv_init R) as I. pose proof (i_first I).
  destruct (i_may I _ _ M). destruct (i_all I _ H) as [_ E]. specialize (E eq_refl). lia.
Qed.

(** Records are for ever, as far as anybody can tell: only appending changes them. *)
Theorem records_stay : forall s t, star s t -> exists more, log t = log s ++ more.
Proof.
  intros s t R. induction R as [s|s t u Hs R [more E]].
  - exists []. now rewrite app_nil_r.
  - assert (exists x, log t = log s ++ x) as [x Ex].
    { destruct Hs; subst t; simpl; try (exists []; now rewrite app_nil_r). eauto. }
    exists (x ++ more). now rewrite E, Ex, app_assoc.
Qed.

(** From any state that any crash leaves, whoever starts next can take over, and ends
    with the replay of all records. *)
Theorem recovery_succeeds : forall s w, star init s -> ws s w = None ->
  exists t v, star s t /\ log t = log s /\
    ws t w = Some {| wepoch := epoch t; wphase := Open v |} /\
    seen v = length (log t) /\ rows v = replay s0 (log t) /\ todo v = [].
Proof.
  intros s w R N. pose proof (inv_reach inv_init R) as I.
  eassert (S1 : step s _) by (eapply (Take (w := w)); [exact N|reflexivity]).
  match type of S1 with step _ ?t => set (t1 := t) in *; change (step s t1) in S1 end.
  destruct (i_sure I) as [r Hr]. destruct (i_may I _ _ Hr) as [Lp Er].
  eassert (S2 : step t1 _).
  { eapply (OpenState (w := w)); [apply upd_eq|exact Hr|apply Nat.le_refl|exact Lp|reflexivity]. }
  match type of S2 with step _ ?t => set (t2 := t) in *; change (step t1 t2) in S2 end.
  assert (I2 : Inv t2) by eauto using inv_step.
  assert (G : forall k u v, Inv u -> log u = log s ->
    ws u w = Some {| wepoch := epoch u; wphase := Open v |} -> todo v = [] ->
    seen v - pos v = k ->
    exists t v, star u t /\ log t = log s /\
      ws t w = Some {| wepoch := epoch t; wphase := Open v |} /\
      seen v = length (log t) /\ rows v = replay s0 (log t) /\ todo v = []).
  { induction k; intros u v Iu Lu Hu Tu K.
    - exists u, v. destruct (i_open Iu _ Hu) as ([L E] & _ & P & Q & _).
      destruct (i_own Iu _ Hu) as (A & _). rewrite Tu in P. simpl in P. parts.
      + apply SR.
      + rewrite E. f_equal. apply firstn_all_of. lia.
    - destruct (i_own Iu _ Hu) as (A & B & _).
      destruct (nth_error (kept u) (pos v - first u)) as [x|] eqn:Ex.
      2: { unfold kept in Ex. rewrite nth_of_skipn in Ex. apply nth_error_None in Ex. lia. }
      eassert (S3 : step u _).
      { eapply (Read (w := w)); [exact Hu|lia|exact Tu|exact B|exact Ex|reflexivity]. }
      match type of S3 with step _ ?t => set (t3 := t) in *; change (step u t3) in S3 end.
      edestruct (IHk t3) as (t & v' & Q & Z).
      + eauto using inv_step.
      + exact Lu.
      + apply upd_eq.
      + reflexivity.
      + simpl. lia.
      + exists t, v'. split; [eapply SS; eauto|exact Z]. }
  edestruct (G (length (log s) - sure s) t2) as (t & v & Q & Z); auto.
  - apply upd_eq.
  - reflexivity.
  - reflexivity.
  - exists t, v. split; [eapply SS; [exact S1|eapply SS; [exact S2|exact Q]]|exact Z].
Qed.

End Checkpoint.

(** All of them rest on nothing but the definitions above. *)
Definition theorems :=
  (versions_are_replays, recovery_is_replay, owner_is_exact, owner_finds_its_tail,
   state_fits_journal, records_stay, recovery_succeeds).
Print Assumptions theorems.
