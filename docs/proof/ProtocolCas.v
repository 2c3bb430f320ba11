(** Exactly-once atoms: a faulty low-level machine refines a failure-free one.

    High level  : partitions exchange messages over reliable FIFO channels,
                  one message is processed at a time, nothing ever fails.
    Low level   : durable records + volatile workers.  A worker may crash at any
                  time; a new owner may be elected at any time although the old
                  one still runs (zombie); executions are pipelined ahead of the
                  commit; packets may be lost, duplicated, delayed, reordered,
                  and replayed from any past moment; a commit is a compare-and-set
                  on the LOG POSITION (version) and is otherwise refused; owners have no
                  epoch at all, any number of them may be at work on one partition.

    Theorem [refinement] : every low-level run has a failure-free high-level run
                  with the same output trace and the same final state.
    Theorem [progress]   : from every reachable low-level state, whatever the
                  failure-free machine could do next the low-level can still do
                  (no lost input, no lost message, no wedge). *)

From Coq Require Import List Arith Lia PeanoNat Bool.
Import ListNotations.
Set Implicit Arguments.

Section Atoms.

Variables (PS Msg Out : Type).
Definition P := nat.                                   (* partitions *)
Definition W := nat.                                   (* worker incarnations *)

(** The application.  A relation, so that handlers may read the clock, draw random
    numbers, or behave differently when the same message is executed again. *)
Definition res := (PS * list (P * Msg) * list Out)%type.   (* state, sends, outputs *)
Variable handler : P -> PS -> Msg -> res -> Prop.
Variable ps0 : PS.
Variable inputs : P -> list Msg.                       (* external input logs *)

Definition upd {A} (f : nat -> A) (k : nat) (v : A) : nat -> A :=
  fun i => if Nat.eqb i k then v else f i.
Lemma upd_eq : forall A (f : nat -> A) k v, upd f k v k = v.
Proof. intros; unfold upd; now rewrite Nat.eqb_refl. Qed.
Lemma upd_neq : forall A (f : nat -> A) k v i, i <> k -> upd f k v i = f i.
Proof. intros; unfold upd; destruct (Nat.eqb_spec i k); congruence. Qed.

Inductive src := Ch (p : P) | Inp.
Definition to (q : P) (l : list (P * Msg)) : list Msg :=
  map snd (filter (fun x => Nat.eqb (fst x) q) l).

(* ------------------------------------------------------------------ *)
(** * The failure-free machine *)

Record H := { hst : P -> PS;  hch : P -> P -> list Msg;
              hin : P -> list Msg;  hobs : list (P * Out) }.

Definition h0 : H := {| hst := fun _ => ps0; hch := fun _ _ => [];
                        hin := inputs; hobs := [] |}.

(** message m is at the front of source s of partition q *)
Definition front (h : H) (q : P) (s : src) (m : Msg) : Prop :=
  match s with
  | Ch p => exists rest, hch h p q = m :: rest
  | Inp  => exists rest, hin h q = m :: rest
  end.
(** take it, run the handler, append what it emits *)
Definition happly (h : H) (q : P) (s : src) (r : res) : H :=
  let '(st', em, os) := r in
  {| hst := upd (hst h) q st';
     hch := fun a b =>
       (match s with
        | Ch p => if Nat.eqb a p && Nat.eqb b q then tl (hch h a b) else hch h a b
        | Inp  => hch h a b end)
       ++ (if Nat.eqb a q then to b em else []);
     hin := match s with Ch _ => hin h | Inp => upd (hin h) q (tl (hin h q)) end;
     hobs := hobs h ++ map (fun o => (q, o)) os |}.
Inductive hstep (h : H) : H -> Prop :=
| HStep : forall q s m r, front h q s m -> handler q (hst h q) m r ->
    hstep h (happly h q s r).

Inductive star {A} (R : A -> A -> Prop) : A -> A -> Prop :=
| star_refl : forall a, star R a a
| star_step : forall a b c, R a b -> star R b c -> star R a c.
Lemma star_trans : forall A (R : A -> A -> Prop) a b c,
  star R a b -> star R b c -> star R a c.
Proof. induction 1; eauto using star_step. Qed.
Lemma star_one : forall A (R : A -> A -> Prop) a b, R a b -> star R a b.
Proof. eauto using star_step, star_refl. Qed.

(* ------------------------------------------------------------------ *)
(** * The faulty machine *)

(** Durable record of one partition: what one atom writes atomically. *)
Record D := { st : PS; cur : P -> nat; incur : nat;
              sent : P -> list Msg; outs : list Out }.
Definition d0 : D := {| st := ps0; cur := fun _ => 0; incur := 0;
                        sent := fun _ => []; outs := [] |}.

Definition exec (q : P) (d : D) (s : src) (r : res) : D :=
  let '(st', em, os) := r in
  {| st := st';
     cur := match s with Ch p => upd (cur d) p (S (cur d p)) | Inp => cur d end;
     incur := match s with Ch _ => incur d | Inp => S (incur d) end;
     sent := fun r => sent d r ++ to r em;
     outs := outs d ++ os |}.

Record packet := { pfrom : P; pto : P; pseq : nat; pmsg : Msg }.

(** A worker: partition, epoch, in-memory state, pipelined uncommitted atoms. *)
Record worker := { wp : P; wepoch : nat; wmem : D; wqueue : list D }.

Record L := { dur : P -> D; epoch : P -> nat; ws : W -> option worker;
              net : list packet; gobs : list (P * Out) }.

Definition l0 : L := {| dur := fun _ => d0; epoch := fun _ => 0;
                        ws := fun _ => None; net := []; gobs := [] |}.

(** What a worker may consume next, judged only from its own memory, the network
    and the input log.  A zombie uses the same rule with stale memory. *)
Inductive avail (ne : list packet) (q : P) (d : D) : src -> Msg -> Prop :=
| AvNet : forall k, In k ne -> pto k = q -> pfrom k <> q ->
    pseq k = cur d (pfrom k) -> avail ne q d (Ch (pfrom k)) (pmsg k)
| AvSelf : forall m, nth_error (sent d q) (cur d q) = Some m -> avail ne q d (Ch q) m
| AvIn : forall m, nth_error (inputs q) (incur d) = Some m -> avail ne q d Inp m.

(** A batch of messages executed in memory. *)
Inductive batch (ne : list packet) (q : P) : D -> D -> Prop :=
| B0 : forall d, batch ne q d d
| B1 : forall d s m r d', avail ne q d s m -> handler q (st d) m r ->
    batch ne q (exec q d s r) d' -> batch ne q d d'.

Inductive lstep (l l' : L) : Prop :=
(* a new owner for p, whatever other workers believe *)
| LRecover : forall w p, ws l w = None ->
    l' = {| dur := dur l; epoch := epoch l;
            ws := upd (ws l) w (Some {| wp := p; wepoch := epoch l p;
                                        wmem := dur l p; wqueue := [] |});
            net := net l; gobs := gobs l |} -> lstep l l'
(* kill -9, power loss, OOM: the volatile part vanishes *)
| LCrash : forall w,
    l' = {| dur := dur l; epoch := epoch l; ws := upd (ws l) w None;
            net := net l; gobs := gobs l |} -> lstep l l'
(* execute a batch in memory and queue the atom for commit *)
| LExec : forall w k d', ws l w = Some k -> batch (net l) (wp k) (wmem k) d' ->
    l' = {| dur := dur l; epoch := epoch l;
            ws := upd (ws l) w (Some {| wp := wp k; wepoch := wepoch k; wmem := d';
                                        wqueue := wqueue k ++ [d'] |});
            net := net l; gobs := gobs l |} -> lstep l l'
(* the store accepts the oldest queued atom: owner epoch is current *)
| LCommit : forall w k d' qu, ws l w = Some k -> wqueue k = d' :: qu ->
    wepoch k = epoch l (wp k) ->
    l' = {| dur := upd (dur l) (wp k) d'; epoch := upd (epoch l) (wp k) (S (epoch l (wp k)));
            ws := upd (ws l) w (Some {| wp := wp k; wepoch := S (wepoch k);
                                        wmem := wmem k; wqueue := qu |});
            net := net l;
            gobs := gobs l ++ map (fun o => (wp k, o))
                                  (skipn (length (outs (dur l (wp k)))) (outs d')) |} ->
    lstep l l'
(* the store refuses a zombie; the zombie may or may not notice *)
| LFenced : forall w k d' qu, ws l w = Some k -> wqueue k = d' :: qu ->
    wepoch k <> epoch l (wp k) ->
    l' = {| dur := dur l; epoch := epoch l;
            ws := upd (ws l) w (Some {| wp := wp k; wepoch := wepoch k;
                                        wmem := wmem k; wqueue := qu |});
            net := net l; gobs := gobs l |} -> lstep l l'
(* transmission of any committed message, at any time, again and again *)
| LSend : forall p q n m, nth_error (sent (dur l p) q) n = Some m ->
    l' = {| dur := dur l; epoch := epoch l; ws := ws l;
            net := {| pfrom := p; pto := q; pseq := n; pmsg := m |} :: net l;
            gobs := gobs l |} -> lstep l l'
(* loss, duplication and reordering: any packets drawn from the present ones *)
| LNet : forall ne, incl ne (net l) ->
    l' = {| dur := dur l; epoch := epoch l; ws := ws l; net := ne;
            gobs := gobs l |} -> lstep l l'.

(* ------------------------------------------------------------------ *)
(** * Invariant *)

(** One valid message step of q over the committed outboxes of the others. *)
Inductive vstep (du : P -> D) (q : P) (d : D) : D -> Prop :=
| VCh : forall p m r, p <> q -> nth_error (sent (du p) q) (cur d p) = Some m ->
    handler q (st d) m r -> vstep du q d (exec q d (Ch p) r)
| VSelf : forall m r, nth_error (sent d q) (cur d q) = Some m ->
    handler q (st d) m r -> vstep du q d (exec q d (Ch q) r)
| VIn : forall m r, nth_error (inputs q) (incur d) = Some m ->
    handler q (st d) m r -> vstep du q d (exec q d Inp r).
Definition vsteps du q := star (vstep du q).

(** durable -> atom1 -> atom2 -> ... -> memory *)
Fixpoint chain du q (d : D) (qu : list D) (mem : D) : Prop :=
  match qu with
  | [] => d = mem
  | d' :: r => vsteps du q d d' /\ chain du q d' r mem
  end.

Record Inv (l : L) : Prop := {
  i_net  : forall k, In k (net l) ->
             nth_error (sent (dur l (pfrom k)) (pto k)) (pseq k) = Some (pmsg k);
  i_le   : forall w k, ws l w = Some k -> wepoch k <= epoch l (wp k);
  i_coh  : forall w k, ws l w = Some k -> wepoch k = epoch l (wp k) ->
             chain (dur l) (wp k) (dur l (wp k)) (wqueue k) (wmem k);
  i_cur  : forall p q, cur (dur l q) p <= length (sent (dur l p) q)
}.

(** The abstraction: messages not yet consumed are the channel contents. *)
Record R (du : P -> D) (ob : list (P * Out)) (h : H) : Prop := {
  r_st : forall p, hst h p = st (du p);
  r_ch : forall p q, hch h p q = skipn (cur (du q) p) (sent (du p) q);
  r_in : forall p, hin h p = skipn (incur (du p)) (inputs p);
  r_ob : hobs h = ob
}.

(* ------------------------------------------------------------------ *)
(** * Lemmas *)

Lemma nth_app : forall A (l x : list A) n a,
  nth_error l n = Some a -> nth_error (l ++ x) n = Some a.
Proof.
  intros. rewrite nth_error_app1; auto. apply nth_error_Some. congruence.
Qed.
Lemma skipn_nth : forall A (l : list A) n a,
  nth_error l n = Some a -> skipn n l = a :: skipn (S n) l.
Proof.
  induction l; destruct n; simpl; intros; try discriminate; [congruence|].
  rewrite (IHl _ _ H0). reflexivity.
Qed.
Lemma nth_skipn : forall A (l : list A) n a r,
  skipn n l = a :: r -> nth_error l n = Some a.
Proof.
  induction l; destruct n; simpl; intros; try discriminate; [congruence|eauto].
Qed.
Lemma skipn_app_le : forall A (l x : list A) n,
  n <= length l -> skipn n (l ++ x) = skipn n l ++ x.
Proof.
  intros. rewrite skipn_app. replace (n - length l) with 0 by lia. reflexivity.
Qed.
Lemma nth_lt : forall A (l : list A) n a, nth_error l n = Some a -> n < length l.
Proof. intros. apply nth_error_Some. congruence. Qed.

(** exec only extends outboxes and outputs *)
Lemma exec_sent : forall q d s e r, exists x, sent (exec q d s e) r = sent d r ++ x.
Proof. intros. unfold exec. destruct e as [[? ?] ?]. simpl. eauto. Qed.
Lemma vsteps_sent : forall du q d d', vsteps du q d d' ->
  forall r, exists x, sent d' r = sent d r ++ x.
Proof.
  induction 1; intros. { exists []. now rewrite app_nil_r. }
  destruct (IHstar r) as [y Hy].
  assert (exists x, sent b r = sent a r ++ x) as [x Hx]
    by (inversion H0; subst; apply exec_sent).
  exists (x ++ y). now rewrite Hy, Hx, app_assoc.
Qed.
Lemma vsteps_outs : forall du q d d', vsteps du q d d' -> exists x, outs d' = outs d ++ x.
Proof.
  induction 1. { exists []. now rewrite app_nil_r. }
  destruct IHstar as [y Hy].
  assert (exists x, outs b = outs a ++ x) as [x Hx].
  { inversion H0; subst; unfold exec; destruct r as [[? ?] ?]; simpl; eauto. }
  exists (x ++ y). now rewrite Hy, Hx, app_assoc.
Qed.

(** validity is stable when other partitions' outboxes grow *)
Definition grows (du du' : P -> D) := forall p r, exists x, sent (du' p) r = sent (du p) r ++ x.
Lemma vsteps_grows : forall du du' q d d', grows du du' -> vsteps du q d d' -> vsteps du' q d d'.
Proof.
  intros du du' q d d' G S. induction S. constructor.
  eapply star_step; [|exact IHS]. inversion H0; subst.
  - apply VCh with m; auto. destruct (G p q) as [x E]. rewrite E. now apply nth_app.
  - now apply VSelf with m.
  - now apply VIn with m.
Qed.
Lemma chain_grows : forall du du' q qu d mem, grows du du' ->
  chain du q d qu mem -> chain du' q d qu mem.
Proof.
  induction qu; simpl; intros; auto. destruct H1. split; eauto using vsteps_grows.
Qed.
Lemma chain_snoc : forall du q qu d mem d',
  chain du q d qu mem -> vsteps du q mem d' -> chain du q d (qu ++ [d']) d'.
Proof.
  induction qu; simpl; intros. { subst. split; auto. }
  destruct H0. split; auto. eapply IHqu; eauto.
Qed.

Lemma batch_vsteps : forall l, Inv l -> forall q d d',
  batch (net l) q d d' -> vsteps (dur l) q d d'.
Proof.
  intros l I q d d' B. induction B. constructor.
  eapply star_step; [|exact IHB]. inversion H0; subst.
  - apply VCh with (pmsg k); auto. rewrite <- H5. now apply (i_net I).
  - now apply VSelf with m.
  - now apply VIn with m.
Qed.

(** One message: the abstraction follows the failure-free machine. *)
Definition Cur (du : P -> D) := forall p q, cur (du q) p <= length (sent (du p) q).
Definition ready (du : P -> D) q s m :=
  match s with
  | Ch p => nth_error (sent (du p) q) (cur (du q) p) = Some m
  | Inp  => nth_error (inputs q) (incur (du q)) = Some m
  end.

Lemma ready_front : forall du ob h q s m, R du ob h -> ready du q s m -> front h q s m.
Proof.
  intros du ob h q s m HR Rd. destruct s; simpl in *.
  - rewrite (r_ch HR), (skipn_nth _ _ Rd). eauto.
  - rewrite (r_in HR), (skipn_nth _ _ Rd). eauto.
Qed.
Lemma front_ready : forall du ob h q s m, R du ob h -> front h q s m -> ready du q s m.
Proof.
  intros du ob h q s m HR F. destruct s; simpl in *; destruct F as [r E].
  - rewrite (r_ch HR) in E. eauto using nth_skipn.
  - rewrite (r_in HR) in E. eauto using nth_skipn.
Qed.

Lemma sim1 : forall du ob h q s m r, R du ob h -> Cur du -> ready du q s m ->
  forall du', (forall p, du' p = upd du q (exec q (du q) s r) p) ->
  R du' (ob ++ map (fun o => (q, o)) (skipn (length (outs (du q))) (outs (du' q))))
        (happly h q s r) /\ Cur du'.
Proof.
  intros du ob h q s m r HR C Rd du' E.
  assert (Eq : du' q = exec q (du q) s r) by (rewrite E; apply upd_eq).
  assert (En : forall p, p <> q -> du' p = du p) by (intros; rewrite E; now apply upd_neq).
  pose proof (r_st HR) as Hst. pose proof (r_ch HR) as Hch.
  pose proof (r_in HR) as Hin. pose proof (r_ob HR) as Hob.
  unfold happly. unfold exec in Eq. destruct r as [[st' em] os].
  split.
  - constructor; simpl.
    + intros p. destruct (Nat.eq_dec p q) as [->|N].
      * rewrite upd_eq, Eq. reflexivity.
      * rewrite upd_neq, En by auto. apply Hst.
    + intros a b. rewrite Hch.
      destruct (Nat.eq_dec a q) as [->|Na]; [rewrite Nat.eqb_refl | rewrite (proj2 (Nat.eqb_neq a q) Na)];
      (destruct (Nat.eq_dec b q) as [->|Nb]; [rewrite Nat.eqb_refl | rewrite (proj2 (Nat.eqb_neq b q) Nb)]);
      rewrite ?Eq, ?En by auto; destruct s as [p|]; simpl in *;
      rewrite ?andb_true_r, ?andb_false_r, ?app_nil_r; auto;
      try (symmetry; apply skipn_app_le; apply C).
      * destruct (Nat.eqb_spec q p) as [<-|Np].
        -- rewrite upd_eq, (skipn_nth _ _ Rd). cbn [tl].
           rewrite skipn_app_le; [reflexivity|]. apply nth_lt in Rd. lia.
        -- rewrite upd_neq by auto. rewrite skipn_app_le by apply C. reflexivity.
      * destruct (Nat.eqb_spec a p) as [->|Np].
        -- rewrite upd_eq, (skipn_nth _ _ Rd). reflexivity.
        -- rewrite upd_neq by auto. reflexivity.
    + intros p. destruct s as [p'|]; simpl in *.
      * rewrite Hin. destruct (Nat.eq_dec p q) as [->|N]; rewrite ?Eq, ?En by auto; reflexivity.
      * destruct (Nat.eq_dec p q) as [->|N].
        -- rewrite upd_eq, Eq, Hin, (skipn_nth _ _ Rd). reflexivity.
        -- rewrite upd_neq, En by auto. apply Hin.
    + rewrite Hob, Eq. simpl. now rewrite skipn_app, skipn_all, Nat.sub_diag.
  - intros a b.
    destruct (Nat.eq_dec b q) as [->|Nb]; destruct (Nat.eq_dec a q) as [->|Na];
    rewrite ?Eq, ?En by auto; simpl; rewrite ?app_length.
    + destruct s as [p|]; [|specialize (C q q); lia].
      destruct (Nat.eq_dec q p) as [<-|Np]; [rewrite upd_eq | rewrite upd_neq by auto].
      * simpl in Rd. apply nth_lt in Rd. lia.
      * specialize (C q q); lia.
    + destruct s as [p|]; [|apply C].
      destruct (Nat.eq_dec a p) as [->|Np]; [rewrite upd_eq | rewrite upd_neq by auto; apply C].
      simpl in Rd. apply nth_lt in Rd. lia.
    + specialize (C q b); lia.
    + apply C.
Qed.

Lemma R_ext : forall du du' ob h, (forall p, du' p = du p) -> R du ob h -> R du' ob h.
Proof.
  intros du du' ob h E [a b c d]. constructor; intros; rewrite ?E; auto.
Qed.
Lemma Cur_ext : forall du du', (forall p, du' p = du p) -> Cur du -> Cur du'.
Proof. unfold Cur; intros. rewrite !H0. auto. Qed.

Lemma skipn_cat : forall A (a b c x y : list A), b = a ++ x -> c = b ++ y ->
  skipn (length a) b ++ skipn (length b) c = skipn (length a) c.
Proof.
  intros; subst.
  assert (E : forall A (u v : list A), skipn (length u) (u ++ v) = v)
    by (intros; rewrite skipn_app, skipn_all, Nat.sub_diag; reflexivity).
  rewrite (E _ a x), (E _ (a ++ x) y), <- app_assoc, (E _ a). reflexivity.
Qed.

(** A whole atom (one or many messages). *)
Lemma sim_atom : forall du q d d', vsteps du q d d' ->
  forall ob h, R (upd du q d) ob h -> Cur (upd du q d) ->
  exists h', star hstep h h' /\ Cur (upd du q d') /\
    R (upd du q d') (ob ++ map (fun o => (q, o)) (skipn (length (outs d)) (outs d'))) h'.
Proof.
  intros du q d d' V. induction V as [d|d b d' V1 V IH]; intros ob h HR C.
  - exists h. rewrite skipn_all, app_nil_r. auto using star_refl.
  - assert (S1 : exists s m r, b = exec q d s r /\ ready (upd du q d) q s m /\
                               handler q (st d) m r).
    { inversion V1; subst.
      - exists (Ch p), m, r. split; [|split]; auto. simpl. now rewrite upd_eq, upd_neq.
      - exists (Ch q), m, r. split; [|split]; auto. simpl. now rewrite upd_eq.
      - exists Inp, m, r. split; [|split]; auto. simpl. now rewrite upd_eq. }
    destruct S1 as (s & m & r & -> & Rd & Hd).
    destruct (sim1 q s m r HR C Rd) with (du' := upd du q (exec q d s r)) as [R1 C1].
    { intros p. unfold upd. rewrite Nat.eqb_refl. destruct (Nat.eqb p q); auto. }
    rewrite !upd_eq in R1.
    destruct (IH _ _ R1 C1) as (h' & St & C2 & R2).
    exists h'. split; [|split; auto].
    + eapply star_step; [|exact St]. apply HStep with m. eapply ready_front; eauto.
      rewrite (r_st HR), upd_eq. exact Hd.
    + replace (ob ++ map (fun o => (q, o)) (skipn (length (outs d)) (outs d')))
        with ((ob ++ map (fun o => (q, o)) (skipn (length (outs d)) (outs (exec q d s r))))
              ++ map (fun o => (q, o)) (skipn (length (outs (exec q d s r))) (outs d'))); auto.
      destruct (vsteps_outs V) as [y Ey]. destruct (vsteps_outs (star_one _ _ _ V1)) as [x Ex].
      rewrite <- app_assoc, <- map_app. f_equal. f_equal. apply skipn_cat with (x := x) (y := y); auto.
Qed.

(* ------------------------------------------------------------------ *)
(** * The invariant is inductive *)

Ltac wcase w0 w := let e := fresh in destruct (Nat.eq_dec w0 w) as [e|e];
  [subst; rewrite ?upd_eq in * | rewrite ?upd_neq in * by auto].

Lemma inv0 : Inv l0.
Proof. constructor; simpl; intros; try contradiction; try discriminate; lia. Qed.

Lemma inv_step : forall l l', Inv l -> lstep l l' -> Inv l'.
Proof.
  intros l l' I St. destruct St; subst l'; constructor; simpl; try apply I.
  (* LRecover *)
  - intros w0 k H1. wcase w0 w; [inversion H1; subst; simpl; lia | now apply (i_le I w0)].
  - intros w0 k H1 E. wcase w0 w; [inversion H1; subst; reflexivity | now apply (i_coh I w0)].
  (* LCrash *)
  - intros w0 k H1. wcase w0 w; [discriminate|]. now apply (i_le I w0).
  - intros w0 k H1 E. wcase w0 w; [discriminate|]. now apply (i_coh I w0).
  (* LExec *)
  - intros w0 k0 H1'. wcase w0 w; [|now apply (i_le I w0)].
    inversion H1'; subst; simpl. now apply (i_le I w).
  - intros w0 k0 H1' E. wcase w0 w; [|now apply (i_coh I w0)].
    inversion H1'; subst; simpl in *. eapply chain_snoc. now apply (i_coh I w).
    now apply batch_vsteps.
  (* LCommit *)
  - intros pk Hk. pose proof (i_net I _ Hk) as E.
    destruct (Nat.eq_dec (pfrom pk) (wp k)) as [e|n]; [|now rewrite upd_neq].
    rewrite e in *. rewrite upd_eq.
    pose proof (i_coh I _ H0 H2) as Coh. rewrite H1 in Coh. destruct Coh as [V _].
    destruct (vsteps_sent V (pto pk)) as [x Ex]. rewrite Ex. now apply nth_app.
  - intros w0 k0 H1'. wcase w0 w.
    + inversion H1'; subst; simpl. rewrite upd_eq. pose proof (i_le I _ H0). lia.
    + pose proof (i_le I _ H1'). unfold upd. destruct (Nat.eqb_spec (wp k0) (wp k)) as [e'|n']; [rewrite e' in *; lia | assumption].
  - intros w0 k0 H1' E.
    pose proof (i_coh I _ H0 H2) as Coh. rewrite H1 in Coh. destruct Coh as [V Ch'].
    assert (G : grows (dur l) (upd (dur l) (wp k) d')).
    { intros p r. destruct (Nat.eq_dec p (wp k)) as [->|n].
      - rewrite upd_eq. apply (vsteps_sent V).
      - rewrite upd_neq by auto. exists []. now rewrite app_nil_r. }
    wcase w0 w.
    + inversion H1'; subst; simpl in *. rewrite upd_eq. eauto using chain_grows.
    + destruct (Nat.eq_dec (wp k0) (wp k)) as [e|n].
      * (* another worker on the same partition: its version is now behind for ever *)
        exfalso. pose proof (i_le I _ H1'). rewrite e, upd_eq in *. lia.
      * rewrite upd_neq in * by auto. eapply chain_grows; eauto. now apply (i_coh I w0).
  - intros p q. pose proof (i_coh I _ H0 H2) as Coh. rewrite H1 in Coh. destruct Coh as [V _].
    assert (X : exists h, R (upd (dur l) (wp k) (dur l (wp k))) [] h).
    { exists {| hst := fun p => st (upd (dur l) (wp k) (dur l (wp k)) p);
                hch := fun p q => skipn (cur (upd (dur l) (wp k) (dur l (wp k)) q) p)
                                        (sent (upd (dur l) (wp k) (dur l (wp k)) p) q);
                hin := fun p => skipn (incur (upd (dur l) (wp k) (dur l (wp k)) p)) (inputs p);
                hobs := [] |}. constructor; reflexivity. }
    destruct X as [h X].
    assert (C : Cur (upd (dur l) (wp k) (dur l (wp k)))).
    { eapply Cur_ext; [|exact (i_cur I)]. intros p0. unfold upd.
      destruct (Nat.eqb_spec p0 (wp k)); congruence. }
    destruct (sim_atom V X C) as (_ & _ & C' & _). apply C'.
  (* LFenced *)
  - intros w0 k0 H1'. wcase w0 w; [|now apply (i_le I w0)].
    inversion H1'; subst; simpl. now apply (i_le I w).
  - intros w0 k0 H1' E. wcase w0 w; [|now apply (i_coh I w0)].
    inversion H1'; subst; simpl in *. contradiction.
  (* LSend, LNet *)
  - intros pk [<-|Hk]; simpl; auto. now apply (i_net I).
  - intros pk Hk. apply (i_net I). now apply H0.
Qed.

(* ------------------------------------------------------------------ *)
(** * Theorems *)

Lemma sim_step : forall l l' h, Inv l -> R (dur l) (gobs l) h -> lstep l l' ->
  exists h', star hstep h h' /\ R (dur l') (gobs l') h'.
Proof.
  intros l l' h I HR St. destruct St; subst l'; simpl;
    try (exists h; split; [apply star_refl | exact HR]).
  pose proof (i_coh I _ H0 H2) as Coh. rewrite H1 in Coh. destruct Coh as [V _].
  assert (E : forall p, upd (dur l) (wp k) (dur l (wp k)) p = dur l p).
  { intros p. unfold upd. destruct (Nat.eqb_spec p (wp k)); congruence. }
  destruct (sim_atom V (R_ext _ E HR) (@Cur_ext (dur l) _ E (i_cur I))) as (h' & Sh & _ & R').
  eauto.
Qed.

Theorem refinement : forall l, star lstep l0 l ->
  exists h, star hstep h0 h /\ hobs h = gobs l /\
    (forall p, hst h p = st (dur l p)) /\ R (dur l) (gobs l) h.
Proof.
  intros l St.
  assert (G : forall a b, star lstep a b -> Inv a -> forall h, R (dur a) (gobs a) h ->
              exists h', star hstep h h' /\ R (dur b) (gobs b) h').
  { induction 1; intros I h HR. { eauto using star_refl. }
    destruct (sim_step I HR H0) as (h1 & S1 & R1).
    destruct (IHstar (inv_step I H0) _ R1) as (h2 & S2 & R2).
    eauto using star_trans. }
  destruct (G _ _ St inv0 h0) as (h & S & HR). { constructor; reflexivity. }
  exists h. repeat split; try apply HR; auto.
Qed.

Theorem progress : forall l h h', Inv l -> R (dur l) (gobs l) h -> hstep h h' ->
  exists l', star lstep l l' /\ R (dur l') (gobs l') h'.
Proof.
  intros l h h' I HR Sh. destruct Sh as [q s m r F Hd].
  rewrite (r_st HR) in Hd.
  pose proof (front_ready _ _ _ HR F) as Rd.
  set (w := 0).
  set (l1 := {| dur := dur l; epoch := epoch l; ws := upd (ws l) w None; net := net l; gobs := gobs l |}).
  set (k2 := {| wp := q; wepoch := epoch l q; wmem := dur l q; wqueue := [] |}).
  set (l2 := {| dur := dur l; epoch := epoch l;
                ws := upd (ws l1) w (Some k2); net := net l; gobs := gobs l |}).
  assert (S1 : lstep l l1) by (eapply LCrash; reflexivity).
  assert (S2 : lstep l1 l2).
  { apply LRecover with (w := w) (p := q); [apply upd_eq | reflexivity]. }
  set (pk := fun p m => {| pfrom := p; pto := q; pseq := cur (dur l q) p; pmsg := m |}).
  set (l3 := {| dur := dur l; epoch := epoch l2; ws := ws l2;
                net := match s with Ch p => pk p m :: net l | Inp => net l end; gobs := gobs l |}).
  assert (S3 : star lstep l2 l3).
  { destruct s as [p|].
    - apply star_one. eapply LSend; [exact Rd | reflexivity].
    - apply star_one. eapply LNet; [apply incl_refl | reflexivity]. }
  assert (B : batch (net l3) q (dur l q) (exec q (dur l q) s r)).
  { eapply B1; [|exact Hd|apply B0]. destruct s as [p|]; simpl in Rd.
    - destruct (Nat.eq_dec p q) as [->|N]; [now apply AvSelf|].
      replace p with (pfrom (pk p m)) by reflexivity.
      replace m with (pmsg (pk p m)) at 2 by reflexivity.
      apply AvNet; simpl; auto.
    - now apply AvIn. }
  set (d' := exec q (dur l q) s r) in *.
  set (l4 := {| dur := dur l; epoch := epoch l3;
                ws := upd (ws l3) w (Some {| wp := q; wepoch := epoch l q; wmem := d';
                                             wqueue := [] ++ [d'] |}); net := net l3; gobs := gobs l |}).
  assert (S4 : lstep l3 l4).
  { apply LExec with (w := w) (k := k2) (d' := d'); [apply upd_eq | exact B | reflexivity]. }
  eexists. split.
  - eapply star_step; [exact S1|]. eapply star_step; [exact S2|].
    eapply star_trans; [exact S3|]. eapply star_step; [exact S4|]. apply star_one.
    eapply LCommit with (w := w); [apply upd_eq | reflexivity | reflexivity | reflexivity].
  - simpl. destruct (sim1 q s m r HR (i_cur I) Rd) with (du' := upd (dur l) q d') as [R1 _]; [reflexivity|].
    rewrite upd_eq in R1. exact R1.
Qed.

Lemma inv_reach : forall l, star lstep l0 l -> Inv l.
Proof.
  intros l St. remember l0 as a. assert (I : Inv a) by (subst; apply inv0). clear Heqa.
  induction St; eauto using inv_step.
Qed.

(** Exactly once, stated directly: in every reachable state the committed cursors
    split each input log and each channel into a consumed prefix and a rest, and
    the failure-free run above consumed precisely those prefixes. *)
Corollary exactly_once : forall l, star lstep l0 l ->
  exists h, star hstep h0 h /\ hobs h = gobs l /\
    (forall p, inputs p = firstn (incur (dur l p)) (inputs p) ++ hin h p) /\
    (forall p q, sent (dur l p) q = firstn (cur (dur l q) p) (sent (dur l p) q) ++ hch h p q).
Proof.
  intros l St. destruct (refinement St) as (h & S & O & _ & HR).
  exists h. repeat split; auto; intros.
  - rewrite (r_in HR). symmetry. apply firstn_skipn.
  - rewrite (r_ch HR). symmetry. apply firstn_skipn.
Qed.

End Atoms.

(** All of them rest on nothing but the definitions above. *)
Definition theorems :=
  (refinement, progress, exactly_once).
Print Assumptions theorems.
